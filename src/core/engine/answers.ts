/** What every engine does with an archive. */
import { containerd } from './containerd'
import { podman, skopeoDocker, skopeoOci } from './containers'
import { classic } from './docker'
import { ENGINES, type Answer, type Engine, type EngineAnswer, type EngineId } from './engine'
import type { Facts } from './facts'
import { umoci } from './umoci'

const RULES: Readonly<Record<EngineId, (facts: Facts, engine: Engine) => Answer | Promise<Answer>>> = {
  'docker-20': classic,
  'docker-23': classic,
  'docker-29': classic,
  'docker-containerd': containerd,
  'ctr-1': containerd,
  'ctr-2': containerd,
  'podman-4': podman,
  'podman-5': podman,
  'skopeo-docker-1.9': skopeoDocker,
  'skopeo-docker': skopeoDocker,
  'skopeo-oci': skopeoOci,
  'umoci-0.4': umoci,
  'umoci-0.6': umoci,
}

/** One answer an engine, in the order of `ENGINES`. */
export async function engineAnswers(facts: Facts): Promise<EngineAnswer[]> {
  const answers: EngineAnswer[] = []
  for (const engine of ENGINES) answers.push({ engine, ...(await RULES[engine.id](facts, engine)) })
  return answers
}

/** Versions of one engine that do the same with this archive, as one row each. */
export function merged(
  answers: readonly EngineAnswer[],
): { readonly engine: string; readonly answer: Answer }[] {
  const rows: { command: string; versions: string[]; answer: Answer }[] = []
  for (const { engine, ...answer } of answers) {
    const same = rows.find((row) => row.command === engine.command && sameAnswer(row.answer, answer))
    if (same) same.versions.push(engine.versions)
    else rows.push({ command: engine.command, versions: [engine.versions], answer })
  }
  return rows.map(({ command, versions, answer }) => {
    const split = rows.some((row) => row.command === command && row.answer !== answer)
    return { engine: split ? `${command} (${versions.join('; ')})` : command, answer }
  })
}

const sameAnswer = (one: Answer, other: Answer): boolean => JSON.stringify(one) === JSON.stringify(other)
