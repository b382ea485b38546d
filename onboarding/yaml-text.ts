/** A YAML scalar for a text, whatever is in it. */
export function yamlString(text: string): string {
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0\u202f\\]/u.test(text)) {
    return `"${JSON.stringify(text)
      .slice(1, -1)
      .replace(/[^\x20-\x7e]/gu, escaped)}"`;
  }
  return text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "''")}'`;
}

/** Text from files as it may stand in a comment, which ends with its line. */
export function yamlComment(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

/** Text that dbt renders: without what Jinja would run. */
export function withoutJinja(text: string): string {
  return text.replace(/[{}]/g, ' ');
}

function escaped(character: string): string {
  // Letters stay; what cannot be seen, or looks like a blank, is spelled out.
  if (/[\p{L}\p{N}\p{S}]/u.test(character) || /[^\p{C}\p{Z}]/u.test(character)) return character;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
