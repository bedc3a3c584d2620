/** Mounts the page. */
import { mount } from 'svelte'
import { Settings } from './app/settings.svelte'
import { Workspace } from './app/workspace.svelte'
import App from './ui/App.svelte'
import './ui/tokens.css'
import './ui/base.css'
import './ui/columns.css'

const target = document.getElementById('app')
if (target) mount(App, { target, props: { workspace: new Workspace(), settings: new Settings() } })
