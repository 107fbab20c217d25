// Draws the charts of a report from the JSON in #charts. Axes, legends, lines and points are Chart.js; spikes and heat
// maps, of which there are too many for one object each, are painted onto the area that Chart.js lays out.
'use strict';
(() => {
  const descriptions = JSON.parse(document.getElementById('charts').textContent);
  const root = document.documentElement;
  const drawn = [];

  // Okabe and Ito's colours; the dark page takes the lighter ones first.
  const palettes = {
    light: ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#6F767D'],
    dark: ['#56B4E9', '#F0873A', '#2FC79A', '#DD94BA', '#E6B33D', '#8FA8FF', '#A6AFB8'],
  };
  const viridis =
      ['#440154', '#482878', '#3e4a89', '#31688e', '#26828e', '#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'];
  const diverging = {
    light: ['#7a2500', '#d55e00', '#f0a473', '#f7f7f7', '#74b4da', '#0072b2', '#023a63'],
    dark: ['#ffdcc4', '#f59a5b', '#a8562a', '#22272c', '#2b74a6', '#62b4e8', '#d3ecfb'],
  };

  const theme = () => root.dataset.theme === 'dark' ? 'dark' : 'light';
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const colour = (index) => palettes[theme()][index % 7];
  const coloured = (series) =>
      ({colour: colour(series.colour), borderColor: colour(series.colour), backgroundColor: colour(series.colour)});
  const dashes = (series) => series.dashed || series.colour >= 7 ? [6, 4] : [];
  const faded = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, '0');
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const finite = (values) => values.filter((value) => value !== null);
  const range = (values) =>
      values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);

  // Numbers for people.
  const power = (exponent) => '10' + String(exponent).replace(/./g, (c) => '⁰¹²³⁴⁵⁶⁷⁸⁹⁻'['0123456789-'.indexOf(c)]);
  const number = (value) => {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
      const [mantissa, exponent] = value.toExponential(2).split('e');
      return `${Number(mantissa)}×${power(+exponent)}`;
    }
    return (+value.toPrecision(5)).toLocaleString('en', {maximumFractionDigits: 10});
  };

  // Axes.
  const scale = (axis, more = {}) => ({
    type: axis.log ? 'logarithmic' : 'linear',
    title: {display: axis.title !== '', text: axis.title, color: css('--soft'), font: {size: 12.5}},
    grid: {color: css('--grid'), borderColor: css('--line'), tickLength: 5},
    ticks: {
      color: css('--soft'),
      maxRotation: 0,
      autoSkipPadding: 14,
      includeBounds: false,
      ...(axis.log ? logTicks : {})
    },
    ...(axis.log ? {afterBuildTicks: keepLogTicks} : {}),
    ...more,
  });
  const whole = (axis) => ({...axis, ticks: {...axis.ticks, precision: 0}});
  const isMultiple = (value, wanted) =>
      wanted.some((m) => Math.abs(value / (m * 10 ** Math.floor(Math.log10(value) + 1e-9)) - 1) < 1e-6);
  const exponent = (value) => Math.round(Math.log10(value));
  const isPower = (value) => Math.abs(Math.log10(value) - exponent(value)) < 1e-9;
  const logTicks = {
    autoSkip: false,
    callback(value) {
      return this.min >= 9e-4 && this.max <= 1.1e5 || !isPower(value) ? number(value) : power(exponent(value));
    },
  };
  function keepLogTicks(axis) {
    const decades = Math.log10(axis.max / axis.min);
    const every = Math.max(1, Math.ceil(decades / 7));
    const kept = decades > 2.5 ? (v) => isPower(v) && exponent(v) % every === 0 :
                                 (v) => isMultiple(v, decades > 0.9 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]);
    const round = axis.ticks.filter((tick) => kept(tick.value));
    if (round.length > 1) axis.ticks = round;
  }
  // With a margin, which does not go beyond 0 when no value does.
  const plainBounds = (values) => {
    const [low, high] = range(values), margin = (high - low) * 0.04;
    return {grace: '4%', ...(low >= 0 && low < margin && {min: 0}), ...(high <= 0 && -high < margin && {max: 0})};
  };
  const logBounds = (values) => {
    const [low, high] = range(values);
    return low < high ? {min: low / 1.3, max: high * 1.3} : {min: low / 10, max: high * 10};
  };

  const config = (type, datasets, scales, more = {}) => ({
    type,
    data: {datasets},
    plugins: more.paint ? [{id: 'paint', beforeDatasetsDraw: more.paint}] : [],
    options: {
      animation: false,
      parsing: false,
      responsive: true,
      maintainAspectRatio: false,
      locale: 'en',
      scales,
      layout: {padding: {right: 8, ...more.padding}},
      interaction: {intersect: false, ...more.interaction},
      plugins: {
        legend: {
          display: datasets.length > 1,
          align: 'start',
          labels: {
            color: css('--ink'),
            usePointStyle: true,
            pointStyle: more.legendStyle,
            boxHeight: 7,
            padding: 14,
            ...(more.legendStyle === 'line' ? {pointStyleWidth: 24} : {}),
            sort: (a, b) => a.datasetIndex - b.datasetIndex,
            generateLabels: opaqueLabels,
          },
        },
        tooltip: {enabled: more.tooltip !== false, callbacks: more.callbacks ?? {}},
      },
    },
  });

  const opaqueLabels = (chart) => Chart.defaults.plugins.legend.labels.generateLabels(chart).map((label) => {
    const {colour: solid, borderDash = []} = chart.data.datasets[label.datasetIndex];
    return {
      ...label,
      fillStyle: solid,
      strokeStyle: solid,
      lineWidth: label.pointStyle === 'line' ? 2 : 0,
      lineDash: borderDash.length ? [5, 3] : [],
    };
  });
  const points = (series) => series.x.map((x, i) => ({x: x ?? NaN, y: series.y[i] ?? NaN}));
  const readings = (chart) => ({
    title: (items) => items.length ? `${chart.x.title}: ${number(items[0].parsed.x)}` : '',
    label: (item) => `${item.dataset.label}: ${number(item.parsed.y)}`,
  });

  const kinds = {
    lines(chart) {
      const lone = (data, i) => isNaN(data[i - 1]?.y ?? NaN) && isNaN(data[i + 1]?.y ?? NaN);
      const datasets = chart.series.map((series) => {
        const data = points(series);
        return {
          label: series.name,
          data,
          ...coloured(series),
          borderWidth: data.length > 800 ? 1.3 : 2,
          borderDash: dashes(series),
          borderJoinStyle: 'round',
          pointRadius: data.length <= 25 && !series.dashed ? 2.5 : data.map((_, i) => lone(data, i) ? 2 : 0),
          pointHitRadius: 6,
        };
      });
      const first = chart.series[0].x;
      const together =
          chart.series.every(({x}) => x.length === first.length && x.every((value, i) => value === first[i]));
      const xs = chart.series.flatMap(({x}) => finite(x)), ys = chart.series.flatMap(({y}) => finite(y));
      const [low, high] = range(xs);
      return config(
          'line', datasets, {
            x: scale(
                chart.x,
                chart.x.log    ? logBounds(xs) :
                    low < high ? {min: low, max: high} :
                                 {}),
            y: scale(chart.y, (chart.y.log ? logBounds : plainBounds)(ys)),
          },
          {
            legendStyle: 'line',
            interaction: {mode: together ? 'index' : 'nearest', axis: 'x'},
            callbacks: readings(chart)
          });
    },

    scatter(chart, plot) {
      const count = chart.series.reduce((sum, {x}) => sum + x.length, 0);
      const xs = chart.series.flatMap(({x}) => finite(x)), ys = chart.series.flatMap(({y}) => finite(y));
      const datasets =
          chart.series.map((series) => ({
                             label: series.name,
                             data: points(series),
                             ...coloured(series),
                             borderWidth: 0,
                             backgroundColor: faded(colour(series.colour), clamp(12 / Math.sqrt(count), 0.15, 0.75)),
                             pointRadius: clamp(80 / Math.sqrt(count), 1.3, 3.5),
                             pointHoverRadius: 5,
                             pointHitRadius: 4,
                           }));
      let bounds = {x: (chart.x.log ? logBounds : plainBounds)(xs), y: (chart.y.log ? logBounds : plainBounds)(ys)};
      if (chart.identity) {
        let [min, max] = range(xs.concat(ys));
        const margin = (max - min || Math.abs(max) || 1) * 0.04;
        ({min, max} = chart.x.log || chart.y.log ? logBounds(xs.concat(ys)) : {min: min - margin, max: max + margin});
        bounds = {x: {min, max}, y: {min, max}};
        datasets.push({
          type: 'line',
          label: 'y = x',
          data: [{x: min, y: min}, {x: max, y: max}],
          pointRadius: 0,
          pointHitRadius: 0,
          colour: css('--soft'),
          borderColor: css('--soft'),
          borderWidth: 1.2,
          borderDash: [6, 4],
          order: -1,
          pointStyle: 'line',
        });
        plot.classList.add('identity');
      }
      return config('scatter', datasets, {x: scale(chart.x, bounds.x), y: scale(chart.y, bounds.y)}, {
        interaction: {mode: 'nearest', intersect: true},
        callbacks: {
          title: () => '',
          label: (item) => `${item.dataset.label}: ${number(item.parsed.x)}, ${number(item.parsed.y)}`
        },
      });
    },

    histogram(chart) {
      const edges = chart.edges;
      const datasets = chart.series.map((series) => {
        const counts = series.counts;
        const data = counts.map((y, i) => ({x: edges[i], y: y ?? 0}));
        data.unshift({x: edges[0], y: 0});
        data.push({x: edges[counts.length], y: counts.at(-1) ?? 0}, {x: edges[counts.length], y: 0});
        return {
          label: series.name,
          data,
          stepped: 'before',
          fill: 'origin',
          borderWidth: 1.6,
          pointRadius: 0,
          pointHitRadius: 0,
          ...coloured(series),
          backgroundColor: faded(colour(series.colour), 0.25),
          borderDash: dashes(series),
        };
      });
      const positive = chart.series.flatMap(({counts}) => counts.filter((count) => count > 0));
      const y =
          chart.y.log ? {min: range(positive)[0] / 2, max: range(positive)[1] * 1.5} : {beginAtZero: true, grace: '4%'};
      const bin = (item) => clamp(item.dataIndex - 1, 0, edges.length - 2);
      return config('line', datasets, {x: scale(chart.x, {min: edges[0], max: edges.at(-1)}), y: scale(chart.y, y)}, {
        legendStyle: 'line',
        interaction: {mode: 'nearest', axis: 'x'},
        callbacks: {
          title: (items) =>
              items.length ? `${number(edges[bin(items[0])])} to ${number(edges[bin(items[0]) + 1])}` : '',
          label: (item) => `${item.dataset.label}: ${number(item.parsed.y)}`,
        },
      });
    },

    raster(chart) {
      const datasets = chart.groups.map((group) => ({
                                          label: group.name,
                                          data: [],
                                          ...coloured(group),
                                        }));
      const count = chart.groups.reduce((sum, {times}) => sum + times.length, 0);
      const [from, to] = chart.range, [lowest, highest] = chart.rows;
      const paint = (view) => {
        const {ctx, chartArea: area, scales: {x, y}} = view;
        const width = count < 3000 ? 1.6 : 1.2;
        const height = clamp(0.8 * chart.step * area.height / (highest - lowest + 1), 1.2, 20);
        const covered = count * width * height / (area.width * area.height);
        ctx.save();
        ctx.beginPath();
        ctx.rect(area.left, area.top, area.width, area.height);
        ctx.clip();
        ctx.globalAlpha = clamp(1 - covered, 0.45, 0.9);
        chart.groups.forEach((group, g) => {
          if (!view.isDatasetVisible(g)) return;
          ctx.fillStyle = colour(group.colour);
          const perTime = area.width / (x.max - x.min), perRow = area.height / (y.max - y.min);
          for (let i = 0; i < group.times.length; ++i) {
            ctx.fillRect(
                area.left + (group.times[i] - x.min) * perTime - width / 2,
                area.bottom - (group.rows[i] - y.min) * perRow - height / 2, width, height);
          }
        });
        ctx.restore();
      };
      const [min, max] = from < to ? [from, to] : [from - 1, to + 1];
      return config(
          'scatter', datasets, {
            x: scale(chart.x, {min, max}),
            y: whole(scale(chart.y, {min: lowest - 0.5, max: highest + 0.5})),
          },
          {paint, tooltip: false, legendStyle: 'rect'});
    },

    heatmap(chart, plot) {
      const [rows, columns] = chart.size, [rowStep, columnStep] = chart.step;
      const shownRows = Math.ceil(rows / rowStep), shownColumns = Math.ceil(columns / columnStep);
      const area = plot.clientWidth - 150;
      plot.style.flexBasis = `${clamp(area * rows / columns + 60, 220, plot.clientWidth > 700 ? 560 : 430)}px`;

      // Colours.
      let [low, high] = range(finite(chart.values));
      if (chart.diverging) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
      if (low === high) [low, high] = [low - 0.5, high + 0.5];
      const stops = (chart.diverging ? diverging[theme()] : viridis)
                        .map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
      const rgb = (value) => {
        const place = clamp((value - low) / (high - low), 0, 1) * (stops.length - 1),
              i = Math.min(Math.floor(place), stops.length - 2);
        return stops[i].map((from, c) => Math.round(from + (stops[i + 1][c] - from) * (place - i)));
      };
      const image = document.createElement('canvas');
      [image.width, image.height] = [shownColumns, shownRows];
      const pixels = new ImageData(shownColumns, shownRows);
      chart.values.forEach((value, i) => {
        if (value !== null) pixels.data.set([...rgb(value), 255], 4 * i);
      });
      image.getContext('2d').putImageData(pixels, 0, 0);

      const paint = ({ctx, chartArea, scales: {x, y}}) => {
        const left = x.getPixelForValue(-0.5), top = y.getPixelForValue(-0.5);
        const cell = [(x.getPixelForValue(0.5) - left) * columnStep, (y.getPixelForValue(0.5) - top) * rowStep];
        ctx.save();
        ctx.beginPath();
        ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
        ctx.clip();
        ctx.fillStyle = css('--gap');
        ctx.fill();
        ctx.imageSmoothingEnabled = false;
        ctx.drawImage(image, left, top, shownColumns * cell[0], shownRows * cell[1]);
        if (shownRows <= 12 && shownColumns <= 12 && cell[0] >= 38 && cell[1] >= 16) {
          ctx.textAlign = 'center';
          ctx.textBaseline = 'middle';
          ctx.font = `12px ${Chart.defaults.font.family}`;
          chart.values.forEach((value, i) => {
            if (value === null) return;
            const [r, g, b] = rgb(value);
            ctx.fillStyle = 0.3 * r + 0.59 * g + 0.11 * b > 140 ? '#111111' : '#ffffff';
            ctx.fillText(
                number(+value.toPrecision(3)), left + (i % shownColumns + 0.5) * cell[0],
                top + (Math.floor(i / shownColumns) + 0.5) * cell[1]);
          });
        }
        ctx.restore();
        paintColourBar(ctx, chartArea, low, high, rgb, chart.value.title);
      };

      const named = (names, count) => names.length === 0 ? {} : {
        afterBuildTicks: (axis) => {
          const every = Math.ceil(count * 16 / Math.max(1, axis.isHorizontal() ? axis.width : axis.height));
          axis.ticks = names.map((_, value) => ({value})).filter(({value}) => value % every === 0);
        },
      };
      const labels = (names) => ({
        color: css('--soft'),
        includeBounds: false,
        precision: 0,
        maxRotation: 60,
        autoSkip: false,
        callback: (value) => names.length === 0 ? number(value) : names[value],
      });
      const cells = (axis, names, count, more) => scale(axis, {
        min: -0.5,
        max: count - 0.5,
        ticks: labels(names),
        ...named(names, count),
        ...more,
        grid: {display: false, borderColor: css('--line')},
      });
      const result = config(
          'scatter', [], {
            x: cells(chart.x, chart.column_names, columns, {}),
            y: cells(chart.y, chart.row_names, rows, {reverse: true}),
          },
          {paint, tooltip: false, padding: {right: 82, top: 6}});
      result.readout = (view, px, py) => {
        const column = Math.round(view.scales.x.getValueForPixel(px)),
              row = Math.round(view.scales.y.getValueForPixel(py));
        if (column < 0 || row < 0 || column >= columns || row >= rows) return '';
        const value = chart.values[Math.floor(row / rowStep) * shownColumns + Math.floor(column / columnStep)];
        return `${chart.y.title} ${chart.row_names[row] ?? row}, ${chart.x.title} ${
                   chart.column_names[column] ?? column}: ` +
            (value === null ? 'no value' : number(value));
      };
      return result;
    },
  };

  const blend = (stops, share) => {
    const place = clamp(share, 0, 1) * (stops.length - 1), i = Math.min(Math.floor(place), stops.length - 2);
    return stops[i].map((from, c) => Math.round(from + (stops[i + 1][c] - from) * (place - i)));
  };
  const hexes = (colours) => colours.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));

  kinds.parallel = (chart) => {
    // Colours by rank, so that a few wild values do not take them all; the good end stands out in both themes.
    const finiteValues = finite(chart.values).sort((a, b) => a - b);
    const stops = hexes(theme() === 'dark' ? viridis : [...viridis].reverse().slice(1));
    const rank = (value) => {
      let low = 0, high = finiteValues.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (finiteValues[middle] < value) low = middle + 1; else high = middle;
      }
      return finiteValues.length > 1 ? low / (finiteValues.length - 1) : 0.5;
    };
    const good = (value) => chart.maximise ? rank(value) : 1 - rank(value);
    const scales = chart.scales.map((axis) => {
      const values = finite(axis.values);
      let [low, high] = axis.names.length ? [0, axis.names.length - 1] : range(values);
      const ratios = axis.log && low > 0;
      if (low === high) [low, high] = ratios ? [low / 2, high * 2] : [low - 1, high + 1];
      const share = (v) => ratios ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
      const at = (u) => ratios ? low * (high / low) ** u : low + u * (high - low);
      const whole = values.every(Number.isInteger) && high - low <= 6 && !ratios;
      const ticks = axis.names.length ? axis.names.map((_, i) => i) :
          whole ? Array.from({length: high - low + 1}, (_, i) => low + i) : [0, 0.25, 0.5, 0.75, 1].map(at);
      return {...axis, share, ticks, text: (v) => axis.names.length ? axis.names[v] : number(+v.toPrecision(3))};
    });
    const paint = ({ctx, chartArea: area}) => {
      ctx.save();
      const left = area.left + 8, right = area.right - 90, top = area.top + 22, bottom = area.bottom - 4;
      const x = (i) => left + (right - left) * (scales.length > 1 ? i / (scales.length - 1) : 0.5);
      const y = (scale, value) => bottom - (bottom - top) * scale.share(value);
      ctx.globalAlpha = clamp(25 / Math.sqrt(chart.values.length), 0.35, 0.9);
      chart.values.forEach((value, row) => {
        if (value === null) return;
        const share = good(value);
        ctx.strokeStyle = `rgb(${blend(stops, share)})`;
        ctx.lineWidth = share > 0.95 ? 1.8 : 1;
        ctx.beginPath();
        let begun = false;
        scales.forEach((scale, i) => {
          const v = scale.values[row];
          if (v === null) return;
          if (begun) ctx.lineTo(x(i), y(scale, v)); else ctx.moveTo(x(i), y(scale, v));
          begun = true;
        });
        ctx.stroke();
      });
      ctx.globalAlpha = 1;
      ctx.font = `12px ${Chart.defaults.font.family}`;
      scales.forEach((scale, i) => {
        ctx.strokeStyle = css('--soft');
        ctx.lineWidth = 1.2;
        ctx.beginPath();
        ctx.moveTo(x(i), top);
        ctx.lineTo(x(i), bottom);
        ctx.stroke();
        ctx.textBaseline = 'middle';
        ctx.textAlign = i === 0 ? 'left' : 'center';
        ctx.fillStyle = css('--ink');
        ctx.fillText(scale.title, x(i), top - 14);
        ctx.textAlign = 'left';
        for (const tick of scale.ticks) {
          const text = scale.text(tick), width = ctx.measureText(text).width;
          ctx.fillStyle = faded(css('--card'), 0.8);
          ctx.fillRect(x(i) + 4, y(scale, tick) - 8, width + 4, 16);
          ctx.fillStyle = css('--soft');
          ctx.fillText(text, x(i) + 6, clamp(y(scale, tick), top + 4, bottom - 4));
        }
      });
      ctx.restore();
    };
    const hidden = {display: false};
    return config('scatter', [], {x: hidden, y: hidden}, {paint, tooltip: false});
  };

  function paintColourBar(ctx, area, low, high, rgb, title) {
    const left = area.right + 14, width = 12;
    ctx.save();
    for (let i = 0; i < area.height; ++i) {
      ctx.fillStyle = `rgb(${rgb(high - (high - low) * i / Math.max(1, area.height - 1))})`;
      ctx.fillRect(left, area.top + i, width, Math.min(1.5, area.height - i));
    }
    ctx.strokeStyle = css('--line');
    ctx.lineWidth = 1;
    ctx.strokeRect(left, area.top, width, area.height);
    ctx.fillStyle = css('--soft');
    ctx.font = `12px ${Chart.defaults.font.family}`;
    ctx.textBaseline = 'middle';
    for (let i = 0; i <= 4; ++i) {
      ctx.fillText(
          number(+(low + (high - low) * i / 4).toPrecision(3)), left + width + 5,
          clamp(area.bottom - area.height * i / 4, area.top + 5, area.bottom - 5));
    }
    ctx.translate(left + width + 48, (area.top + area.bottom) / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textAlign = 'center';
    ctx.fillText(title, 0, 0);
    ctx.restore();
  }

  function addReadout(plot, canvas, chart, text) {
    let label = null;
    const hide = () => {
      label?.remove();
      label = null;
    };
    canvas.onmouseleave = hide;
    canvas.onmousemove = ({offsetX, offsetY}) => {
      const reading = text(chart, offsetX, offsetY);
      if (!reading) return hide();
      if (!label) {
        label = document.createElement('div');
        label.className = 'readout';
        plot.append(label);
      }
      label.textContent = reading;
      label.style.left = `${clamp(offsetX + 12, 0, plot.clientWidth - label.offsetWidth)}px`;
      label.style.top = `${Math.max(0, offsetY - 32)}px`;
    };
  }

  function drawAll() {
    drawn.splice(0).forEach((chart) => chart.destroy());
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const canvas of document.querySelectorAll('canvas[data-chart]')) {
      const description = descriptions[+canvas.dataset.chart], plot = canvas.parentElement;
      const {readout, ...settings} = kinds[description.kind](description, plot);
      const chart = new Chart(canvas, settings);
      if (readout) addReadout(plot, canvas, chart, readout);
      drawn.push(chart);
    }
    root.dataset.drawn = drawn.length;
  }

  // Light or dark: by the system, by the button, or by #dark or #light in the address.
  const show = (name) => {
    root.dataset.theme = name;
    drawAll();
  };
  document.getElementById('theme').onclick = () => {
    const name = theme() === 'dark' ? 'light' : 'dark';
    history.replaceState(null, '', '#' + name);
    show(name);
  };
  addEventListener('hashchange', () => {
    if (['#dark', '#light'].includes(location.hash)) show(location.hash.slice(1));
  });
  matchMedia('(prefers-color-scheme: dark)')
      .addEventListener('change', ({matches}) => show(matches ? 'dark' : 'light'));

  // Paper is light.
  let before = null;
  addEventListener('beforeprint', () => {
    if (theme() === 'dark') {
      before = 'dark';
      show('light');
    }
  });
  addEventListener('afterprint', () => {
    if (before) {
      show(before);
      before = null;
    }
  });

  // The contents mark the section that is being read.
  const links =
      new Map([...document.querySelectorAll('nav a')].map((link) => [link.getAttribute('href').slice(1), link]));
  if (links.size) {
    const watch = new IntersectionObserver((entries) => {
      for (const {target, isIntersecting} of entries) {
        if (!isIntersecting) continue;
        links.forEach((link) => link.removeAttribute('aria-current'));
        links.get(target.id)?.setAttribute('aria-current', 'true');
      }
    }, {rootMargin: '-5% 0px -80% 0px'});
    document.querySelectorAll('section').forEach((section) => watch.observe(section));
  }

  drawAll();
})();
