/** Names of the months by language, each with the spellings that exports use, in lower case and without a full stop. */
export const MONTH_NAMES: Record<string, string[][]> = {
  en: months(
    'january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october oct|november nov|december dec',
  ),
  de: months(
    'januar jänner jan jän|februar feber feb|märz maerz mär mrz|april apr|mai|juni jun|juli jul|august aug|september sept sep|oktober okt|november nov|dezember dez',
  ),
  fr: months(
    'janvier janv jan|février fevrier févr fevr fév fev|mars mar|avril avr|mai|juin jui|juillet juil jul|août aout aoû aou|septembre sept sep|octobre oct|novembre nov|décembre decembre déc dec',
  ),
  es: months(
    'enero ene|febrero feb|marzo mar|abril abr|mayo may|junio jun|julio jul|agosto ago|septiembre setiembre sept sep set|octubre oct|noviembre nov|diciembre dic',
  ),
  it: months(
    'gennaio gen|febbraio feb|marzo mar|aprile apr|maggio mag|giugno giu|luglio lug|agosto ago|settembre sett set|ottobre ott|novembre nov|dicembre dic',
  ),
  pt: months(
    'janeiro jan|fevereiro fev|março marco mar|abril abr|maio mai|junho jun|julho jul|agosto ago|setembro set|outubro out|novembro nov|dezembro dez',
  ),
  nl: months(
    'januari jan|februari feb|maart mrt|april apr|mei|juni jun|juli jul|augustus aug|september sept sep|oktober okt|november nov|december dec',
  ),
  pl: months(
    'styczeń stycznia sty|luty lutego lut|marzec marca mar|kwiecień kwietnia kwi|maj maja|czerwiec czerwca cze|lipiec lipca lip|sierpień sierpnia sie|wrzesień września wrz|październik października paź|listopad listopada lis|grudzień grudnia gru',
  ),
};

/** Words for yes and no that come in pairs, in lower case. */
export const BOOLEAN_WORDS: readonly (readonly [yes: string, no: string])[] = [
  ['true', 'false'],
  ['t', 'f'],
  ['yes', 'no'],
  ['y', 'n'],
  ['ja', 'nein'],
  ['j', 'n'],
  ['wahr', 'falsch'],
  ['oui', 'non'],
  ['o', 'n'],
  ['vrai', 'faux'],
  ['sí', 'no'],
  ['si', 'no'],
  ['sì', 'no'],
  ['s', 'n'],
  ['verdadero', 'falso'],
  ['vero', 'falso'],
  ['sim', 'não'],
  ['tak', 'nie'],
  ['ja', 'nee'],
  ['on', 'off'],
  ['ein', 'aus'],
  ['1', '0'],
  ['-1', '0'],
];

/** Cells that mean nothing whatever their column is, in lower case: what spreadsheets and databases write for it. */
const NOTHING = new Set(
  '#n/a #nv #n/d #div/0! #value! #wert! #ref! #bezug! #name? #null! null (null) <null> [null] \\n n/a nan'.split(' '),
);
/** Cells that mean nothing where the other cells are numbers, dates or the like, but may be words elsewhere. */
const NOTHING_AMONG_VALUES = new Set(
  [
    'na',
    'none',
    'nil',
    '-',
    '--',
    '---',
    '–',
    '—',
    '?',
    '.',
    '*',
    'x',
    'k.a.',
    'k. a.',
    'keine',
    'keine angabe',
    'n.v.',
    'n.a.',
    'n. a.',
  ]
    .concat(['s/o', 's.o.', 'nd', 'n.d.', 'n/d', 'nc', 'unknown', 'unbekannt', 'inconnu', 'tbd'])
    .concat(['0000-00-00', '0000-00-00 00:00:00', '00.00.0000', '00/00/0000', '00000000']),
);

/** How surely a cell means that nothing is known. */
export function meansNothing(cell: string): 'always' | 'among values' | 'no' {
  const text = cell.toLowerCase();
  if (NOTHING.has(text)) return 'always';
  return NOTHING_AMONG_VALUES.has(text) ? 'among values' : 'no';
}

function months(text: string): string[][] {
  return text.split('|').map((names) => names.split(' '));
}
