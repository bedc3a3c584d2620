/** Every command of the app, once: buttons, menus, the palette and the list of keys are all made from these. */
import type { Desk } from './context'
import type { Command } from './commands/command'
import { fileCommands } from './commands/files'
import { layerCommands } from './commands/layers'
import { lookCommands } from './commands/look'
import { changeCommands, imageCommands, pageCommands } from './commands/page'

/** As things stand: what cannot be done now says why. */
export function commandsOf(desk: Desk): Command[] {
  return [
    ...imageCommands(desk),
    ...fileCommands(desk),
    ...lookCommands(desk),
    ...layerCommands(desk),
    ...changeCommands(desk),
    ...pageCommands(desk),
  ]
}

/** Some commands by their ids, for a screen that shows those. */
export function picked(commands: readonly Command[], ids: readonly string[]): Command[] {
  return ids.map((id) => {
    const one = commands.find((command) => command.id === id)
    if (!one) throw new Error(`There is no command ${id}.`)
    return one
  })
}
