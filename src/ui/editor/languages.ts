/** The language of a file, by its name and its first line. */
import { StreamLanguage, type StreamParser } from '@codemirror/language'
import { dockerFile } from '@codemirror/legacy-modes/mode/dockerfile'
import { javascript, json } from '@codemirror/legacy-modes/mode/javascript'
import { nginx } from '@codemirror/legacy-modes/mode/nginx'
import { properties } from '@codemirror/legacy-modes/mode/properties'
import { python } from '@codemirror/legacy-modes/mode/python'
import { shell } from '@codemirror/legacy-modes/mode/shell'
import { toml } from '@codemirror/legacy-modes/mode/toml'
import { yaml } from '@codemirror/legacy-modes/mode/yaml'
import type { Extension } from '@codemirror/state'

const known: readonly (readonly [RegExp, StreamParser<unknown>])[] = [
  [/\.(sh|bash|zsh|ash|profile)$|\/\.?(bashrc|zshrc|profile)$|\/etc\/(profile|init)\.d\//, shell],
  [/\/(PKGBUILD|APKBUILD)$/, shell],
  [/\.ya?ml$/, yaml],
  [/\.toml$|\/Cargo\.lock$/, toml],
  [/nginx[^/]*\.conf$|\/nginx\/.*\.conf$/, nginx],
  [/(^|[/.])(Docker|Container)file(\.[^/]+)?$/, dockerFile],
  [/\.py$/, python],
  [/\.(js|mjs|cjs|ts)$/, javascript],
  [/\.json$/, json],
  [
    /\.(properties|ini|cfg|cnf|conf|env|service|desktop)$|\/etc\/([^/]*-release|environment|default\/[^/]+)$|\/\.env$/,
    properties,
  ],
]

const interpreters: readonly (readonly [RegExp, StreamParser<unknown>])[] = [
  [/^#!.*\b(ba|z|a|da|k)?sh\b/, shell],
  [/^#!.*\bpython/, python],
  [/^#!.*\bnode\b/, javascript],
]

export function languageOf(path: string, text: string): Extension {
  const byName = known.find(([pattern]) => pattern.test(path))
  const first = text.slice(0, 200).split('\n', 1)[0]
  const parser = byName ?? interpreters.find(([pattern]) => pattern.test(first))
  return parser ? StreamLanguage.define(parser[1]) : []
}
