/** Long work, as people see it: what, how far, and a way to stop it. */
import type { TaskView } from '../../workers/api'
import { ImageError } from '../core/fault/fault'

export class Task {
  readonly id: number
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #list: Tasks
  view: TaskView
  constructor(list: Tasks, view: TaskView) {
    this.#list = list
    this.id = view.id
    this.view = view
    this.signal = this.#controller.signal
  }
  progress(done: number): void {
    if (done === this.view.done) return
    this.view = { ...this.view, done: Math.min(done, this.view.total || done) }
    this.#list.changed()
  }
  total(total: number): void {
    this.view = { ...this.view, total }
    this.#list.changed()
  }
  cancel(): void {
    this.#controller.abort(new ImageError('cancelled', 'Cancelled.'))
  }
  end(): void {
    this.#list.remove(this.id)
  }
}

export class Tasks {
  #next = 1
  readonly #tasks = new Map<number, Task>()
  readonly #onChange: (tasks: readonly TaskView[]) => void
  constructor(onChange: (tasks: readonly TaskView[]) => void) {
    this.#onChange = onChange
  }
  /** `total` in `unit`s; 0 where nobody knows it yet. */
  start(label: string, total: number, unit: string): Task {
    const task = new Task(this, { id: this.#next++, label, done: 0, total, unit })
    this.#tasks.set(task.id, task)
    this.changed()
    return task
  }
  cancel(id: number): void {
    this.#tasks.get(id)?.cancel()
  }
  cancelAll(): void {
    for (const task of this.#tasks.values()) task.cancel()
  }
  remove(id: number): void {
    this.#tasks.delete(id)
    this.changed()
  }
  changed(): void {
    this.#onChange([...this.#tasks.values()].map(({ view }) => view))
  }
}

/** A task in no list: for work that nobody watches. */
export function unseenTask(): Task {
  return new Tasks(() => {}).start('', 0, '')
}

/** Runs `job` as a task that ends whatever happens. */
export async function asTask<T>(
  tasks: Tasks,
  label: string,
  total: number,
  unit: string,
  job: (task: Task) => Promise<T>,
): Promise<T> {
  const task = tasks.start(label, total, unit)
  try {
    return await job(task)
  } finally {
    task.end()
  }
}
