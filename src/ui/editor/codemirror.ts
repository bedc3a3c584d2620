/**
 * CodeMirror, loaded when the first file is edited. It stands in a shadow root: there it uses adopted style sheets, where its
 * <style> elements in the page would be refused by `style-src 'self'`.
 */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, defaultHighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { lineEndOf } from '../../app/hex'
import { languageOf } from './languages'
import { colours, look } from './look'

export interface TextEditor {
  text(): string
  replace(text: string): void
  /** Puts the cursor at a character and brings it into sight. */
  select(at: number): void
  close(): void
}

export interface Opened {
  readonly host: HTMLElement
  /** Path of the file: its name says the language. */
  readonly name: string
  /** Accessible name of the editor; "Editor" where none is given. */
  readonly label?: string
  /** As the file is; its line ends are kept. */
  readonly text: string
  /** What to begin with. */
  readonly draft: string
  readonly save: () => void
  readonly changed: (text: string) => void
}

/**
 * What is typed over a selection is put in by CodeMirror. Left to the browser, Chromium joins the lines of the selection and sets
 * style attributes on what it moves, which the policy refuses, once for each line.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const deletes = event.inputType.startsWith('deleteContent')
    const text = event.inputType === 'insertText' ? event.data : deletes ? '' : null
    if (text === null || view.composing || event.isComposing || !event.cancelable) return false
    if (view.state.readOnly || view.state.selection.ranges.every((range) => range.empty)) return false
    event.preventDefault()
    view.dispatch(view.state.replaceSelection(text), {
      userEvent: deletes ? 'delete.selection' : 'input.type',
      scrollIntoView: true,
    })
    return true
  },
})

export function openEditor({ host, name, label = 'Editor', text, draft, save, changed }: Opened): TextEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  root.replaceChildren()
  const place = document.createElement('div')
  place.style.height = '100%'
  root.append(place)

  const saved = keymap.of([{ key: 'Mod-s', preventDefault: true, run: () => (save(), true) }])
  const lineEnd = lineEndOf(text)
  const view = new EditorView({
    parent: place,
    root,
    state: EditorState.create({
      doc: draft,
      extensions: [
        EditorState.lineSeparator.of(lineEnd),
        saved,
        typedOver,
        lineNumbers(),
        highlightActiveLineGutter(),
        highlightActiveLine(),
        highlightSpecialChars(),
        highlightSelectionMatches(),
        history(),
        drawSelection(),
        bracketMatching(),
        syntaxHighlighting(colours),
        syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
        languageOf(name, text),
        // Escape, then Tab, leaves the editor: the key is not a trap (WCAG 2.1.2).
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ 'aria-label': label, 'aria-multiline': 'true', tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed(update.state.sliceDoc())
        }),
        look,
      ],
    }),
  })
  view.focus()

  return {
    text: () => view.state.sliceDoc(),
    replace: (now) =>
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: view.state.toText(now) } }),
    select(at) {
      const anchor = Math.min(at, view.state.doc.length)
      view.dispatch({ selection: { anchor }, scrollIntoView: true })
      view.focus()
    },
    close: () => view.destroy(),
  }
}
