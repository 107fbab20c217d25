#include "metric_figures.hpp"

using namespace proxon;

namespace {

const std::vector<std::string> entity_labels = {"O", "B-per", "I-per", "B-loc", "I-loc"};

/// Rows of labels, a text of their initials each: "O", "P" B-per, "p" I-per, "L" B-loc, "l" I-loc; a blank begins a new sample.
Figures entity_figures(const std::string& target, const std::string& prediction) {
  const std::string letters = "OPpLl";
  const auto rows = [&](const std::string& text) {
    std::vector<float> all;
    for (const char c : text) {
      if (c == ' ') continue;
      for (const char letter : letters) all.push_back(c == letter ? 1.f : 0.f);
    }
    return all;
  };
  std::vector<double> time;
  double now = 0;
  for (const char c : target) {
    if (c == ' ') now = 0;
    else time.push_back(++now);
  }
  const std::vector<float> wanted = rows(target), given = rows(prediction);
  std::vector<const char*> names;
  for (const std::string& label : entity_labels) names.push_back(label.c_str());
  MetricInput input{};
  input.target = wanted.data(), input.prediction = given.data(), input.rows = static_cast<int64_t>(time.size()), input.channels = 5;
  input.channel_names = names.data(), input.row_time = time.data();
  return run_metric(metric_value("entity_f1"), input);
}

}  // namespace

TEST_CASE("entity_f1 counts an entity when its type, begin and end are right") {
  // Three entities: per [0, 2), loc [3, 4), loc [4, 6). Found: per [0, 2), loc [3, 6).
  const Figures one = entity_figures("PpOLLl", "PpOLll");
  CHECK(one["precision"].value == 0.5);
  CHECK(one["recall"].value == close_to(1 / 3.));
  CHECK(one["f1"].value == close_to(0.4));
  CHECK(one["f1"].n == 5);
  CHECK(one["f1[per]"].value == 1);
  CHECK(one["f1[loc]"].value == 0);
  CHECK(one["recall[loc]"].n == 2);
}

TEST_CASE("entity_f1: I without a B, or of another type, begins an entity, and no entity goes on into the next sample") {
  CHECK(entity_figures("OppO", "OPpO")["f1"].value == 1);
  CHECK(entity_figures("Pll", "PLl")["f1"].value == 1);
  // In one sample the I goes on; as two samples there are two entities.
  CHECK(entity_figures("Pp", "Pp")["recall"].n == 1);
  CHECK(entity_figures("P p", "P p")["recall"].n == 2);
  CHECK(entity_figures("P pO", "P OO")["recall"].value == 0.5);
}

TEST_CASE("entity_f1 is undefined with the reason where there is nothing to divide by, or channels are no such labels") {
  const Figures never = entity_figures("OPp", "OOO"), none = entity_figures("OOO", "OOO");
  CHECK(never["precision"].undefined == "no entity is predicted");
  CHECK(never["recall"].value == 0);
  CHECK(never["f1"].value == 0);
  CHECK(none["f1"].undefined == "no entity occurs or is predicted");
  CHECK(compare("entity_f1", {1, 0}, {1, 0}, 2)["f1"].undefined == "channels are not called B-TYPE, I-TYPE and O");
}
