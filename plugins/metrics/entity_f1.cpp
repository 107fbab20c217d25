#include <algorithm>
#include <proxon/plugin/metric.hpp>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace proxon;

struct entity_f1 {
  static constexpr Documentation about{
      .summary = "Precision, recall and f1 of named entities: runs of tokens that the labels B-TYPE (begins one) and I-TYPE (goes on with it) mark; one is "
                 "right when its type, its begin and its end are.",
      .equation = "precision = TP / predicted, recall = TP / true, f1 = 2 TP / (predicted + true).  I-TYPE after anything but B-TYPE or I-TYPE of the "
                  "same type begins an entity",
      .reference = "Tjong Kim Sang & De Meulder 2003, CoNLL-2003, doi:10.3115/1119176.1119195"};
  static constexpr uint32_t needs = needs_prediction;
  using Parameters = NoParameters;

  entity_f1(const Parameters&, const MetricSetup&) {}

  /// What a label says; type -1 for those outside of entities.
  struct Label {
    bool begins;
    int type;
  };
  /// An entity: its type, its first row and the one after its last.
  using Entity = std::tuple<int, int64_t, int64_t>;

  static std::set<Entity> entities(const MetricInput& in, const float* rows, const std::vector<Label>& labels) {
    std::set<Entity> all;
    int type = -1;
    int64_t begin = 0;
    const auto close = [&](int64_t end) {
      if (type >= 0) all.emplace(type, begin, end);
      type = -1;
    };
    for (int64_t row = 0; row < in.rows; ++row) {
      if (row > 0 && in.row_time && in.row_time[row] <= in.row_time[row - 1]) close(row);
      const float* values = rows + row * in.channels;
      const Label label = labels[size_t(std::max_element(values, values + in.channels) - values)];
      if (label.type == type && !label.begins) continue;
      close(row);
      type = label.type, begin = row;
    }
    close(in.rows);
    return all;
  }

  struct Count {
    int64_t right = 0, predicted = 0, occurs = 0;
  };

  static void give(MetricSink& sink, const std::string& scope, const Count& count) {
    const auto ratio = [&](const char* name, int64_t above, int64_t below, const char* why, const char* meaning) {
      const std::string figure = name + scope;
      if (below > 0) sink.value(figure.c_str(), double(above) / double(below), below, 0, 1, meaning);
      else sink.undefined(figure.c_str(), why, 0, 0, 1, meaning);
    };
    ratio("precision", count.right, count.predicted, "no entity is predicted", "of n predicted entities the share that is right; 1 is best");
    ratio("recall", count.right, count.occurs, "no entity occurs", "of n entities the share that is found; 1 is best");
    ratio("f1", 2 * count.right, count.predicted + count.occurs, "no entity occurs or is predicted", "harmonic mean of precision and recall; 1 is best");
  }

  void evaluate(const MetricInput& in, MetricSink& sink) const {
    // Labels and types out of the channels' names.
    std::vector<Label> labels;
    std::vector<std::string> types;
    for (int64_t c = 0; c < in.channels; ++c) {
      std::string name = in.channel_names[c];
      name = name.substr(name.rfind(' ') + 1);
      if (name == "O") {
        labels.push_back({false, -1});
        continue;
      }
      if (name.size() < 3 || (name[0] != 'B' && name[0] != 'I') || name[1] != '-')
        return sink.undefined("f1", "channels are not called B-TYPE, I-TYPE and O", 0, 0, 1, "harmonic mean of precision and recall; 1 is best");
      const std::string type = name.substr(2);
      if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
      labels.push_back({name[0] == 'B', int(std::find(types.begin(), types.end(), type) - types.begin())});
    }

    // Entities of all types, and of each.
    const std::set<Entity> wanted = entities(in, in.target, labels), found = entities(in, in.prediction, labels);
    std::vector<Count> of_type(types.size());
    for (const Entity& entity : wanted) ++of_type[size_t(std::get<0>(entity))].occurs;
    for (const Entity& entity : found) {
      Count& count = of_type[size_t(std::get<0>(entity))];
      ++count.predicted;
      count.right += wanted.count(entity) > 0;
    }
    Count all;
    for (const Count& count : of_type) all.right += count.right, all.predicted += count.predicted, all.occurs += count.occurs;
    give(sink, "", all);
    for (size_t t = 0; t < types.size(); ++t) give(sink, "[" + types[t] + "]", of_type[t]);
  }
};

PROXON_PLUGIN(metric, entity_f1, entity_f1)
