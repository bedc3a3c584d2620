/**
 * The colours of a language on text that is only read: ranges over the text as it stands in the page (CSS Custom
 * Highlights), so that nothing of it is rebuilt, copied otherwise or read out otherwise. Browsers without them show it plain.
 */
import { StreamLanguage } from '@codemirror/language'
import { highlightTree, tagHighlighter, tags } from '@lezer/highlight'
import { languageOf } from './languages'

/** Classes of ::highlight() in base.css. */
const highlighter = tagHighlighter([
  { tag: [tags.comment, tags.meta], class: 'peel-comment' },
  { tag: [tags.keyword, tags.operatorKeyword, tags.tagName], class: 'peel-keyword' },
  { tag: [tags.string, tags.special(tags.string)], class: 'peel-string' },
  { tag: [tags.number, tags.bool, tags.atom, tags.null], class: 'peel-number' },
  { tag: [tags.propertyName, tags.attributeName, tags.definition(tags.variableName)], class: 'peel-name' },
])
const classes = ['peel-comment', 'peel-keyword', 'peel-string', 'peel-number', 'peel-name']

/** Colours the text node; answers how to take the colours away. */
export function highlight(node: Text, path: string): () => void {
  const clear = () => classes.forEach((name) => CSS.highlights.delete(name))
  if (typeof Highlight === 'undefined' || !('highlights' in CSS)) return () => {}
  clear()
  const language = languageOf(path, node.data)
  if (!(language instanceof StreamLanguage)) return clear
  const found = new Map<string, Highlight>()
  highlightTree(language.parser.parse(node.data), highlighter, (from, to, name) => {
    const range = new StaticRange({
      startContainer: node,
      startOffset: from,
      endContainer: node,
      endOffset: to,
    })
    const known = found.get(name)
    if (known) known.add(range)
    else found.set(name, new Highlight(range))
  })
  for (const [name, ranges] of found) CSS.highlights.set(name, ranges)
  return clear
}
