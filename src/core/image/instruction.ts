/** A history line as its Dockerfile would have said it. Builders write created_by in three styles: classic, BuildKit, and their own. */

const KEYWORD =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\b/

/**
 *   /bin/sh -c #(nop)  CMD ["/bin/sh"]            → CMD ["/bin/sh"]
 *   /bin/sh -c apk add curl                       → RUN apk add curl
 *   RUN /bin/sh -c apk add curl # buildkit        → RUN apk add curl
 *   |1 V=2 /bin/sh -c make                        → RUN make
 * Anything else stays as it is: a guess would be a lie.
 */
export function instructionOf(createdBy: string): string {
  const text = createdBy.trim()
  const nop = /^(?:\S+ )*?\S*sh -\S*c #\(nop\)\s*/.exec(text)
  if (nop) return legacySpelling(text.slice(nop[0].length).trim())
  const bare = text.replace(/\s*# buildkit$/, '')
  if (KEYWORD.test(bare)) return buildkitRun(bare)
  const run = withoutShell(text)
  return run === null ? text : `RUN ${run}`
}

/** The command of "/bin/sh -c COMMAND", with or without build arguments before; null where it is not of that form. */
function withoutShell(text: string): string | null {
  const args = /^\|\d+ /.exec(text)
  const shell = /^\/bin\/(?:ba|da|a)?sh -c\s+/
  if (!args) return shell.test(text) ? text.replace(shell, '') : null
  const at = text.search(/\/bin\/(?:ba|da|a)?sh -c\s/)
  return at < 0 ? null : text.slice(at).replace(shell, '')
}

function buildkitRun(text: string): string {
  if (!text.startsWith('RUN ')) return text
  const command = withoutShell(text.slice(4).trim())
  return command === null ? text : `RUN ${command}`
}

/** The classic builder writes `ADD file:DIGEST in /` and `ENTRYPOINT ["a" "b"]`: kept, since the rest is not known. */
function legacySpelling(text: string): string {
  return text.replace(/\s+$/, '')
}
