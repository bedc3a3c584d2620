/** Two versions of a text as one, changed lines marked: CodeMirror's unified merge view, in a shadow root as the editor is. */
import { syntaxHighlighting } from '@codemirror/language'
import { unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
import { standardKeymap } from '@codemirror/commands'
import { colours, look } from './look'
import { languageOf } from './languages'

const diffLook = EditorView.theme({
  '.cm-changedLine, &.cm-merge-b .cm-changedLine': {
    backgroundColor: 'light-dark(rgb(19 112 58 / 10%), rgb(98 201 139 / 12%))',
  },
  '.cm-changedText, &.cm-merge-b .cm-changedText': {
    background: 'light-dark(rgb(19 112 58 / 22%), rgb(98 201 139 / 25%))',
  },
  '.cm-deletedChunk': { backgroundColor: 'light-dark(rgb(179 32 44 / 9%), rgb(255 128 135 / 12%))' },
  '.cm-deletedChunk .cm-deletedText': {
    background: 'light-dark(rgb(179 32 44 / 18%), rgb(255 128 135 / 25%))',
  },
  '.cm-changedLineGutter': { background: 'var(--added)' },
  '.cm-deletedLineGutter': { background: 'var(--removed)' },
  // CodeMirror's own sign is in few fonts.
  '.cm-collapsedLines::before, .cm-collapsedLines::after': { content: '"⋯"' },
  '.cm-collapsedLines': {
    color: 'var(--text-soft)',
    background: 'var(--panel)',
    borderBlock: '1px solid var(--line)',
  },
})

/** Answers how to take it away again. */
export function openDiff(
  host: HTMLElement,
  path: string,
  before: string,
  after: string,
  label: string,
): () => void {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  root.replaceChildren()
  const place = document.createElement('div')
  place.style.height = '100%'
  root.append(place)
  const view = new EditorView({
    parent: place,
    root,
    state: EditorState.create({
      doc: after,
      extensions: [
        EditorState.readOnly.of(true),
        lineNumbers(),
        highlightSpecialChars(),
        syntaxHighlighting(colours),
        languageOf(path, after),
        keymap.of(standardKeymap),
        unifiedMergeView({
          original: before,
          mergeControls: false,
          highlightChanges: true,
          syntaxHighlightDeletions: false,
          collapseUnchanged: { margin: 3, minSize: 6 },
        }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': 'true', tabindex: '0' }),
        look,
        diffLook,
      ],
    }),
  })
  return () => view.destroy()
}
