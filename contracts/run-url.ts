/** A run in Temporal's Web UI; undefined when nothing says where that is. */
export function runUrl(
  uiUrl: string | undefined,
  namespace: string,
  { workflowId, runId }: { workflowId: string; runId: string },
): string | undefined {
  if (uiUrl === undefined) return undefined;
  const [space, id] = [namespace, workflowId].map(encodeURIComponent);
  return `${uiUrl.replace(/\/$/, '')}/namespaces/${space}/workflows/${id}/${runId}`;
}
