/** What sort of thing a file is, by its name and mode: enough to see at a glance what an image is full of. */

export const kinds = ['program', 'library', 'code', 'document', 'media', 'archive', 'data', 'other'] as const
export type Kind = (typeof kinds)[number]

const endings: Readonly<Record<string, Kind>> = Object.fromEntries(
  (
    [
      ['library', 'so a o ko dll dylib node jmod'],
      [
        'code',
        'py pyc pyo pyi js mjs cjs ts jsx tsx rb pl pm php lua sh bash awk tcl c cc cpp h hpp go rs java class kt swift el elc r vim css scss html htm xml xsl svelte vue',
      ],
      ['document', 'txt md rst pdf ps info tex texi doc docx odt rtf 1 2 3 4 5 6 7 8 po pot mo'],
      [
        'media',
        'png jpg jpeg gif svg svgz ico webp bmp tiff ttf otf woff woff2 pfb afm mp3 ogg wav flac mp4 webm avi mkv',
      ],
      ['archive', 'gz tgz xz txz bz2 zst lz4 zip tar jar war whl egg deb rpm apk cab 7z gem crate nupkg'],
      [
        'data',
        'json yaml yml toml ini cfg conf cnf properties list md5sums sha256sums db sqlite sqlite3 dat bin csv tsv log cache index idx pack pem crt key map lock xsd dtd rdb aof bdic dic aff',
      ],
    ] as const
  ).flatMap(([kind, words]) => words.split(' ').map((ending) => [ending, kind] as const)),
)

export function kindOf(name: string, mode: number): Kind {
  const lower = name.toLowerCase()
  if (/\.so(\.\d+)*$/.test(lower)) return 'library'
  const dot = lower.lastIndexOf('.')
  const known = dot > 0 ? endings[lower.slice(dot + 1)] : undefined
  if (known !== undefined) return known
  return (mode & 0o111) !== 0 ? 'program' : 'other'
}
