/** What of a screen is unfolded: kept while another tab is looked at, and within reach of commands from anywhere. */
export class Unfolded {
  /** The config as JSON is being edited. */
  config = $state(false)
  /** What was typed there and not applied; null where nothing was. */
  configDraft: string | null = null
  /** Two versions of a path are compared. */
  differences = $state(false)
  /** What engines will do with the archive. */
  engines = $state(false)

  /** For another image. */
  reset(): void {
    this.config = false
    this.configDraft = null
    this.engines = false
  }
}
