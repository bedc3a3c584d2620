/** How much room the window has: where it is little, what stands side by side is seen one at a time. */
import { MediaQuery } from 'svelte/reactivity'

/** The first is where the panes take turns (Workbench.svelte); in a low window neither list nor map would have rows to speak of. */
const forOne = new MediaQuery('(max-width: 860px), (max-height: 540px)', false)

export const room = {
  /** List and treemap take turns. */
  get isForOne(): boolean {
    return forOne.current
  },
}
