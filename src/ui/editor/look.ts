/** CodeMirror in the colours and sizes of the page; custom properties reach into the shadow root. */
import { HighlightStyle } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

export const look = EditorView.theme({
  '&': { height: '100%', fontSize: 'var(--small)', color: 'var(--text)', backgroundColor: 'var(--ground)' },
  '&.cm-focused': { outline: '1px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--panel)',
    color: 'var(--text-faint)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'light-dark(rgb(120 80 40 / 7%), rgb(255 255 255 / 5%))',
  },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'light-dark(#f8d5bd, #6b3b1c)',
  },
  '.cm-panels': {
    backgroundColor: 'var(--panel)',
    color: 'var(--text)',
    fontFamily: 'var(--sans)',
    fontSize: 'var(--body)',
  },
  '.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel.cm-search': { padding: 'var(--s3) var(--s6) var(--s3) var(--s4)' },
  '.cm-panel.cm-search label': {
    display: 'inline-flex',
    alignItems: 'center',
    gap: 'var(--s2)',
    fontSize: 'inherit',
  },
  '.cm-panel.cm-search input[type=checkbox]': { margin: '0', accentColor: 'var(--accent)' },
  '.cm-panel.cm-search [name=close]': { width: '1.5rem', height: '1.5rem', fontSize: 'var(--large)' },
  '.cm-textfield': {
    minHeight: '1.75rem',
    padding: '0 var(--s3)',
    borderRadius: 'var(--round)',
    backgroundColor: 'var(--ground)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    fontSize: 'inherit',
  },
  '.cm-button': {
    minHeight: '1.75rem',
    padding: '0 var(--s3)',
    borderRadius: 'var(--round)',
    backgroundImage: 'none',
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line)',
    fontSize: 'inherit',
    cursor: 'pointer',
  },
  '.cm-specialChar': { color: 'var(--removed)' },
})

export const colours = HighlightStyle.define([
  { tag: [tags.comment, tags.meta], color: 'var(--text-faint)', fontStyle: 'italic' },
  { tag: [tags.keyword, tags.operatorKeyword, tags.tagName], color: 'var(--metadata)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--added)' },
  { tag: [tags.number, tags.bool, tags.atom, tags.null], color: 'var(--changed)' },
  {
    tag: [tags.propertyName, tags.attributeName, tags.definition(tags.variableName)],
    color: 'var(--accent)',
  },
  { tag: tags.invalid, color: 'var(--removed)' },
  { tag: tags.heading, fontWeight: '600' },
])
