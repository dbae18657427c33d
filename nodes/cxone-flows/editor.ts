import { TracesPanel } from '../../editor/traces/panel.ts'
import { words } from '../../editor/traces/words.ts'

RED.plugins.registerPlugin('cxone-flows', {
  onadd() {
    const panel = new TracesPanel()
    RED.sidebar.addTab({
      id: 'cxone-traces',
      label: words('label'),
      name: words('title'),
      content: panel.content,
      iconClass: 'fa fa-road',
      enableOnEdit: true,
      onchange: () => void panel.refresh(),
    })
  },
})
