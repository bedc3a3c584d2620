/** Whether the browser offers to install the page as an app (Chromium's beforeinstallprompt), and the asking for it. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>
}

export class Install {
  #prompt = $state.raw<InstallPrompt | null>(null)

  constructor() {
    addEventListener('beforeinstallprompt', (event) => {
      // The browser's own bar would come over the page while an image is looked at: the offer stands where it is looked for.
      event.preventDefault()
      this.#prompt = event as InstallPrompt
    })
    addEventListener('appinstalled', () => (this.#prompt = null))
  }

  get ready(): boolean {
    return this.#prompt !== null
  }

  async ask(): Promise<void> {
    const prompt = this.#prompt
    this.#prompt = null
    await prompt?.prompt()
  }
}
