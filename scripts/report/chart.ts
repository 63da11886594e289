/**
 * Charts as static SVG in the page: no script has to run, no colour is fixed. Colours are names of the
 * style sheet, so that a chart follows the reader's light or dark.
 */
import { BarChart, CustomChart, LineChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { escaped, html, type Markup, trusted } from './markup.ts'

use([BarChart, CustomChart, LineChart, GridComponent, MarkLineComponent, SVGRenderer])

export interface Layout {
  /** Pixels. */
  readonly width: number
  readonly isNarrow: boolean
}

export interface Drawing {
  readonly height: number
  readonly option: EChartsCoreOption
  /** What a pointer that rests on a mark is told, by series and index of its data. */
  title?(series: number, index: number): string | undefined
}

export interface Chart {
  /** Begins the ids of its elements. */
  readonly id: string
  readonly heading: string
  /** The chart in a sentence, for whoever does not see it. */
  readonly summary: string
  readonly legend: readonly LegendEntry[]
  draw(layout: Layout): Drawing
}

export interface LegendEntry {
  /** Name of the colour in the style sheet, without `--`. */
  readonly color: string
  readonly label: string
}

/** One drawing for wide pages and one for narrow ones: shrunk text would be too small to read. */
const LAYOUTS: readonly Layout[] = [
  { width: 1080, isNarrow: false },
  { width: 350, isNarrow: true },
]

export const TEXT = { fontFamily: 'inherit', fontSize: 12, color: 'var(--muted)' }
export const GRID_LINE = { lineStyle: { color: 'var(--line)' } }
/** Nothing moves and nothing answers a pointer but titles. */
export const STILL = { animation: false, silent: true, emphasis: { disabled: true } }

export function figure(chart: Chart): Markup {
  const heading = `${chart.id}-heading`
  return html`<figure class="card" role="group" aria-labelledby="${heading}">
<figcaption><h2 id="${heading}">${chart.heading}</h2>
<ul class="legend" aria-label="Colours">${chart.legend.map(legendItem)}</ul></figcaption>
${LAYOUTS.map((layout) => drawn(chart, layout))}
<p class="summary">${chart.summary}</p>
</figure>
`
}

function legendItem({ color, label }: LegendEntry): Markup {
  return html`<li><span class="swatch" style="background:var(--${color})"></span>${label}</li>`
}

function drawn(chart: Chart, layout: Layout): Markup {
  const { height, option, title } = chart.draw(layout)
  const instance = init(null, null, { renderer: 'svg', ssr: true, width: layout.width, height })
  try {
    instance.setOption({ animation: false, textStyle: TEXT, ...option })
    const svg = titled(instance.renderToSVGString(), title)
    const opening = `<svg class="chart ${layout.isNarrow ? 'narrow' : 'wide'}" role="img" aria-label="${escaped(chart.summary)}"`
    return trusted(svg.replace('<svg', opening))
  } finally {
    instance.dispose()
  }
}

/** Takes out what only a running script needs, and gives each mark its title. */
function titled(svg: string, title: Drawing['title']): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/ class="[^"]*"/g, '')
    .replace(/<path ([^>]*)><\/path>/g, (path, attributes: string) => {
      const place = /ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)"/.exec(attributes)
      const text = place && title?.(Number(place[1]), Number(place[2]))
      const own = attributes.replace(/ ?ecmeta_\w+="[^"]*"/g, '')
      return text
        ? `<path class="mark" ${own}><title>${escaped(text)}</title></path>`
        : path.replace(attributes, own)
    })
}
