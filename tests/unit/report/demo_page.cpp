#include "demo_page.hpp"

#include <algorithm>
#include <cmath>
#include <random>

using namespace proxon::report;

namespace {

constexpr double pi = 3.14159265358979;
constexpr int n_excitatory = 800, n_inhibitory = 200;

/// Drive of the populations at a time in ms.
double drive(double time) { return 0.55 + 0.35 * std::sin(2 * pi * time / 700) + 0.1 * std::sin(2 * pi * time / 130); }

Raster raster(std::mt19937& random) {
  Raster chart{.title = "Spikes",
               .caption =
                   "All neurons over two seconds. Vertical bands are moments when the whole network fires together; "
                   "silent neurons "
                   "leave empty rows.",
               .from = 0,
               .to = 2000,
               .neurons = n_excitatory + n_inhibitory};
  std::uniform_real_distribution<double> uniform;
  const auto population = [&](const char* name, int first, int count, double rate) {
    Spikes spikes{.name = name};
    for (int n = first; n < first + count; ++n) {
      const double own_rate = rate * std::exp(std::normal_distribution<double>(0, 0.5)(random));
      for (double time = 0; time < 2000; time += 1) {
        if (uniform(random) < own_rate / 1000 * drive(time)) {
          spikes.times.push_back(time + 0.1 * static_cast<int>(10 * uniform(random)));
          spikes.rows.push_back(n);
        }
      }
    }
    return spikes;
  };
  chart.groups.push_back(population("E (800)", 0, n_excitatory, 10));
  chart.groups.push_back(population("I (200)", n_excitatory, n_inhibitory, 22));
  return chart;
}

Lines rates(std::mt19937& random) {
  Lines chart{.title = "Population rates",
              .caption = "Spikes of a population in bins of 1 ms, smoothed. I follows E with a short delay.",
              .x = {"time", "ms"},
              .y = {"rate", "Hz"},
              .wide = true};
  std::normal_distribution<double> noise(0, 0.6);
  Series excitatory{.name = "E"}, inhibitory{.name = "I"};
  for (double time = 0; time < 6000; time += 1) {
    excitatory.x.push_back(time), excitatory.y.push_back(11 * drive(time) + noise(random));
    inhibitory.x.push_back(time), inhibitory.y.push_back(25 * drive(time - 8) + 1.4 * noise(random));
  }
  excitatory.y[1700] = 31;
  chart.series = {excitatory, inhibitory};
  return chart;
}

Lines losses(std::mt19937& random) {
  Lines chart{.title = "Loss",
              .caption =
                  "Both curves should fall and flatten; a validation curve that rises again is overfitting. The dashed "
                  "line is the "
                  "variance of the targets: a twin above it has learnt nothing.",
              .x = {"epoch"},
              .y = {"mean squared error", "Hz²", logarithmic}};
  std::normal_distribution<double> noise(0, 0.05);
  Series training{.name = "training"}, validation{.name = "validation"};
  for (int epoch = 1; epoch <= 100; ++epoch) {
    training.x.push_back(epoch), training.y.push_back((30 * std::exp(-epoch / 9.0) + 0.31) * std::exp(noise(random)));
    validation.x.push_back(epoch),
        validation.y.push_back((32 * std::exp(-epoch / 9.5) + 0.42) * std::exp(noise(random)));
  }
  chart.series = {
      training, validation, {.name = "variance of targets", .x = {1, 100}, .y = {38, 38}, .colour = 6, .dashed = true}};
  return chart;
}

Scatter prediction(std::mt19937& random) {
  Scatter chart{
      .title = "Target against prediction",
      .caption =
          "Test span, one point a bin. Points on the dashed line are predicted exactly; a slope below one is shrinking "
          "towards the mean.",
      .x = {"target rate", "Hz"},
      .y = {"predicted rate", "Hz"},
      .identity = true};
  std::normal_distribution<double> noise;
  for (const auto& [name, gain, spread] : {std::tuple{"E", 11.0, 0.7}, std::tuple{"I", 25.0, 1.6}}) {
    Series series{.name = name};
    for (int i = 0; i < 900; ++i) {
      const double rate = gain * drive(i * 3.7);
      series.x.push_back(rate + 0.5 * spread * noise(random)),
          series.y.push_back(0.4 + 0.96 * rate + spread * noise(random));
    }
    chart.series.push_back(series);
  }
  return chart;
}

Heatmap weights(std::mt19937& random) {
  Heatmap chart{
      .title = "Weights, W_phi",
      .caption = "A row is a neuron that receives, a column one that sends. By Dale's law a column has one colour.",
      .row = {"target neuron"},
      .column = {"source neuron"},
      .value = {"weight", "pA"},
      .rows = 100,
      .columns = 100};
  std::normal_distribution<float> noise;
  std::uniform_real_distribution<double> uniform;
  for (int row = 0; row < 100; ++row) {
    for (int column = 0; column < 100; ++column) {
      const bool excitatory = column < 80;
      const float weight = excitatory ? std::max(0.F, 20 + 5 * noise(random)) : std::min(0.F, -80 + 12 * noise(random));
      chart.values.push_back(uniform(random) < 0.15 ? weight : 0);
    }
  }
  return chart;
}

Heatmap confusion() {
  return {.title = "Confusion",
          .caption = "Neurons by type: rows are true, columns predicted. The diagonal should hold nearly all.",
          .row = {"true"},
          .column = {"predicted"},
          .value = {"neurons"},
          .rows = 4,
          .columns = 4,
          .values = {312, 4, 0, 1, 9, 147, 3, 0, 0, 2, 88, 6, 0, 0, 11, 41},
          .colours = Heatmap::Colours::sequential,
          .row_names = {"pyramidal", "PV", "SST", "VIP"},
          .column_names = {"pyramidal", "PV", "SST", "VIP"}};
}

Histogram weight_histogram(std::mt19937& random) {
  Sample biological{.name = "W_phi"}, fitted{.name = "W_theta"};
  std::normal_distribution<double> noise;
  for (int i = 0; i < 20000; ++i)
    biological.values.push_back(i % 5 ? 20 + 5 * noise(random) : -80 + 12 * noise(random));
  for (int i = 0; i < 8000; ++i) fitted.values.push_back(i % 5 ? 18 + 8 * noise(random) : -72 + 17 * noise(random));
  return binned({.title = "Weights",
                 .caption = "The twin's weights should lie over the biological ones. Each has area one.",
                 .x = {"weight", "pA"},
                 .y = {"density", "1/pA"}},
                {biological, fitted}, true);
}

Histogram degree_histogram(std::mt19937& random) {
  Sample in{.name = "in-degree"}, out{.name = "out-degree"};
  for (int i = 0; i < 1000; ++i) {
    in.values.push_back(std::binomial_distribution<int>(1000, 0.1)(random));
    out.values.push_back(std::poisson_distribution<int>(100)(random) * (i % 10 == 0 ? 1.4 : 1));
  }
  return binned({.title = "Degrees",
                 .caption = "Synapses a neuron. Neurons far to the right are hubs.",
                 .x = {"synapses"},
                 .y = {"neurons", "", logarithmic}},
                {in, out}, false, 40);
}

}  // namespace

Page demo_page() {
  std::mt19937 random(1);
  Page page{.title = "quickstart",
            .subtitle =
                "1,000 leaky integrate-and-fire neurons, and a dense network that stands in for their population rates",
            .footer = "Proxon 0.1.0 · seed 1 · every figure of this page is made up, to look at the page itself"};

  page.sections.push_back(
      {.heading = "What was run",
       .text =
           "A network of 800 excitatory and 200 inhibitory neurons with Gaussian weights was driven by Poisson input "
           "of changing rate "
           "for 60 s. A dense network was fitted to the rates of both populations and compared with them on the last "
           "tenth of the "
           "recording.\n\nThe figures below are those of the test span, which neither fitting nor stopping has seen.",
       .blocks = {
           Facts{.facts = {{"R² on the test span", 0.9312},
                           {"R² of the mean rate", 0.0},
                           {"weight correlation", 0.874},
                           {"time, all stages", 41.2, "s"}},
                 .large = true},
           Facts{.title = "Network",
                 .caption = "Sizes after compiling.",
                 .facts = {{"neurons", 1000},
                           {"synapses", 100213},
                           {"populations", "E, I"},
                           {"membrane time constant", 20.0, "ms"},
                           {"threshold", -50.0, "mV"}}},
           Facts{.title = "Recording",
                 .facts = {{"duration", 60000, "ms"},
                           {"time step", 0.1, "ms"},
                           {"spikes", 812345},
                           {"size of the archive", 12.4, "MB"},
                           {"seed", "18446744073709551615"}}},
           Code{.title = "Experiment file",
                .caption = "Run it again with: proxon run quickstart.toml",
                .text = "name = \"quickstart\"\nseed = 1\n\n[network.population.E]\nneuron = \"iaf_psc_delta\"\nsize = "
                        "800\ntau_m = "
                        "\"20 ms\"\nV_th = \"-50 mV\"\n\n[network.projection.EI]\nfrom = \"E\"\nto = \"I\"\nweight = "
                        "{ distribution = \"normal\", mean = \"20 pA\", sd = \"5 pA\" }\n"}}});
  page.sections.push_back({.heading = "Network", .blocks = {weight_histogram(random), degree_histogram(random)}});
  page.sections.push_back({.heading = "Activity", .blocks = {raster(random), rates(random)}});
  page.sections.push_back({.heading = "Fit",
                           .text = "Adam, learning rate 0.01, batches of 64 windows of 50 ms.",
                           .blocks = {losses(random), prediction(random)}});
  page.sections.push_back({.heading = "Weights of network and twin", .blocks = {weights(random), confusion()}});
  page.sections.push_back(
      {.heading = "Metrics",
       .blocks = {
           Table{
               .title = "Metrics on the test span",
               .caption = "A twin is worth something where it is far from the baseline. A dash means that the metric "
                          "is undefined "
                          "for this data; the note says why.",
               .columns = {{"metric"}, {"of"}, {"twin"}, {"baseline"}, {"95% from"}, {"to"}, {"unit"}, {"n"}, {"note"}},
               .rows =
                   {{"r2", "E rate", 0.9312, 0.0, 0.921, 0.9395, "", 6000, "baseline: mean rate"},
                    {"r2", "I rate", 0.8934, 0.0, 0.88, 0.905, "", 6000, "baseline: mean rate"},
                    {"mse", "E rate", 0.4121, 38.02, 0.39, 0.44, "Hz²", 6000, "baseline: mean rate"},
                    {"mean_rate", "E", 6.05, 6.049, 5.9, 6.2, "Hz", 800, ""},
                    {"weight_wasserstein", "E to I", 0.000042, 1.93, {}, {}, "pA", 16021, "baseline: shuffled weights"},
                    {"roc_auc", "I spikes", NAN, NAN, {}, {}, "", 0, "one class only: no spike in the test span"}}},
           Lines{.title = "Learning rate",
                 .caption = "What a chart without data looks like.",
                 .x = {"epoch"},
                 .y = {"rate"}}}});
  return page;
}

Page corner_page() {
  std::mt19937 random(2);
  std::normal_distribution<double> noise;
  std::vector<Block> blocks;

  // One point, no range, many decades, gaps, more series than colours.
  blocks.push_back(
      Lines{.title = "One point", .x = {"x"}, .y = {"y", "mV"}, .series = {{.name = "alone", .x = {3}, .y = {4}}}});
  blocks.push_back(Lines{.title = "Constant, far from zero",
                         .x = {"time", "ms"},
                         .y = {"potential", "mV"},
                         .series = {{.name = "V_m", .x = {100000.25, 100000.5, 100000.75}, .y = {-65, -65, -65}}}});
  Lines decades{.title = "Thirty decades and gaps", .x = {"n", "", logarithmic}, .y = {"size", "1", logarithmic}};
  Series many{.name = "10^-n"};
  for (int n = 0; n <= 30; ++n) many.x.push_back(n), many.y.push_back(n % 7 == 3 ? NAN : std::pow(10, -n));
  decades.series = {many, {.name = "never", .x = {1, 2}, .y = {NAN, INFINITY}}};
  blocks.push_back(decades);
  blocks.push_back(Lines{.title = "A twentieth of a decade",
                         .x = {"epoch"},
                         .y = {"loss", "", logarithmic},
                         .series = {{.name = "loss", .x = {1, 2, 3}, .y = {0.442, 0.431, 0.413}}}});
  Lines palette{.title = "Ten series", .x = {"x"}, .y = {"y"}};
  for (int s = 0; s < 10; ++s) {
    palette.series.push_back({.name = "series " + std::to_string(s), .x = {0, 1, 2}, .y = {1.0 * s, s + 0.5, s + 0.2}});
  }
  blocks.push_back(palette);

  // Histograms.
  blocks.push_back(
      binned({.title = "One value", .x = {"weight", "pA"}}, {{.name = "all", .values = {2.5, 2.5, 2.5, NAN}}}));
  blocks.push_back(
      binned({.title = "Whole numbers", .x = {"synapses"}}, {{.name = "k", .values = {0, 0, 1, 1, 1, 2, 5}}}));

  // Matrices.
  Heatmap large{.title = "Wide matrix, 1000 by 3000",
                .row = {"row"},
                .column = {"column"},
                .value = {"value"},
                .rows = 1000,
                .columns = 3000,
                .wide = true};
  for (int i = 0; i < 1000 * 3000; ++i)
    large.values.push_back(i % 3000 < i / 3000 ? static_cast<float>(noise(random)) : 0.F);
  large.values[1234567] = 9;
  blocks.push_back(large);
  blocks.push_back(Heatmap{.title = "One cell",
                           .row = {"to"},
                           .column = {"from"},
                           .value = {"w", "pA"},
                           .rows = 1,
                           .columns = 1,
                           .values = {0.5},
                           .row_names = {"n1"},
                           .column_names = {"n2"}});
  blocks.push_back(Heatmap{.title = "Two neurons and a gap",
                           .row = {"to"},
                           .column = {"from"},
                           .value = {"w"},
                           .rows = 2,
                           .columns = 2,
                           .values = {NAN, 0.3F, 0.5F, -0.1F},
                           .row_names = {"n1", "n2"},
                           .column_names = {"n1", "n2"}});
  Heatmap named{.title = "Fifty names", .row = {"to"}, .column = {"from"}, .value = {"w"}, .rows = 50, .columns = 50};
  for (int n = 0; n < 50; ++n)
    named.row_names.push_back("AVAL" + std::to_string(n)), named.column_names.push_back(named.row_names[n]);
  for (int i = 0; i < 2500; ++i) named.values.push_back(static_cast<float>(noise(random)));
  blocks.push_back(named);

  // Rasters and points, the smallest and the largest.
  blocks.push_back(
      Raster{.title = "One spike", .groups = {{.name = "n1", .times = {12.5}, .rows = {0}}}, .wide = false});
  blocks.push_back(Raster{.title = "Two neurons",
                          .groups = {{.name = "n1", .times = {1, 5, 9}, .rows = {0, 0, 0}},
                                     {.name = "n2", .times = {2, 6}, .rows = {1, 1}}},
                          .wide = false});
  Raster dense{.title = "Too many spikes"};
  std::uniform_int_distribution<int> neuron(0, 999);
  Spikes spikes{.name = "E"};
  for (int i = 0; i < 400000; ++i) spikes.times.push_back(i * 0.01), spikes.rows.push_back(neuron(random));
  dense.groups.push_back(spikes);
  blocks.push_back(dense);
  Scatter cloud{.title = "Too many points", .x = {"W_phi", "pA"}, .y = {"W_theta", "pA"}, .identity = true};
  Series points{.name = "synapses"};
  for (int i = 0; i < 70000; ++i)
    points.x.push_back(noise(random)), points.y.push_back(points.x.back() + 0.2 * noise(random));
  cloud.series.push_back(points);
  blocks.push_back(cloud);
  blocks.push_back(Scatter{.title = "One point",
                           .x = {"x"},
                           .y = {"y"},
                           .series = {{.name = "alone", .x = {1}, .y = {1}}},
                           .identity = true});

  // Text that is not meant well.
  const std::string hostile =
      "</script><script>document.title = 'broken'</script> <!-- & \"quoted\" 'single' \\ \xC3\xA9 \xE7\xA5\x9E";
  blocks.push_back(Lines{.title = hostile,
                         .caption = hostile,
                         .x = {hostile, hostile},
                         .y = {hostile},
                         .series = {{hostile, {0, 1}, {1, 2}}}});
  blocks.push_back(Facts{.title = hostile, .caption = hostile, .facts = {{hostile, hostile, hostile}}});
  blocks.push_back(Table{.title = hostile, .caption = hostile, .columns = {{hostile, hostile}}, .rows = {{hostile}}});
  blocks.push_back(Code{.title = hostile, .caption = hostile, .text = hostile, .open = true});
  blocks.push_back(Raster{.title = "No spikes"});
  return {.title = hostile,
          .subtitle = hostile,
          .sections = {{.heading = hostile, .text = hostile, .blocks = blocks}},
          .footer = hostile};
}
