#include "metric_figures.hpp"

using namespace proxon;

namespace {

std::vector<float> one_hot(const std::vector<int>& classes, size_t channels) {
  std::vector<float> rows(classes.size() * channels, 0);
  for (size_t i = 0; i < classes.size(); ++i) rows[i * channels + static_cast<size_t>(classes[i])] = 1;
  return rows;
}

Figures report(const std::vector<int>& target, const std::vector<int>& prediction, const char* zero_division) {
  PluginValue value = metric_value("classification_report");
  value.values.set(*value.values.find("zero_division"), std::string(zero_division));
  return compare(value, one_hot(target, 3), one_hot(prediction, 3), 3);
}

}  // namespace

TEST_CASE("classification_report of three classes") {
  // The example of scikit-learn's classification_report: y = 0 1 2 2 2, p = 0 0 2 2 1
  const Figures figures = report({0, 1, 2, 2, 2}, {0, 0, 2, 2, 1}, "zero");
  CHECK(figures["precision[a]"].value == 0.5);
  CHECK(figures["recall[a]"].value == 1);
  CHECK(figures["f1[a]"].value == close_to(2 / 3.));
  CHECK(figures["support[a]"].value == 1);
  CHECK(figures["precision[b]"].value == 0);
  CHECK(figures["recall[b]"].value == 0);
  CHECK(figures["f1[b]"].value == 0);
  CHECK(figures["precision[c]"].value == 1);
  CHECK(figures["recall[c]"].value == close_to(2 / 3.));
  CHECK(figures["f1[c]"].value == close_to(0.8));
  CHECK(figures["support[c]"].value == 3);
  CHECK(figures["precision[c]"].n == 2);
  CHECK(figures["recall[c]"].n == 3);
  for (const char* micro : {"precision[micro]", "recall[micro]", "f1[micro]"}) CHECK(figures[micro].value == 0.6);
  CHECK(figures["precision[macro]"].value == 0.5);
  CHECK(figures["recall[macro]"].value == close_to(5 / 9.));
  CHECK(figures["f1[macro]"].value == close_to((2 / 3. + 0.8) / 3));
  CHECK(figures["precision[weighted]"].value == close_to(0.7));
  CHECK(figures["recall[weighted]"].value == close_to(0.6));
  CHECK(figures["f1[weighted]"].value == close_to((2 / 3. + 3 * 0.8) / 5));
}

TEST_CASE("classification_report says what stands for a division by zero") {
  // Class c is never predicted, class b never occurs
  const std::vector<int> target{0, 0, 2}, prediction{0, 1, 0};
  const Figures zero = report(target, prediction, "zero"), one = report(target, prediction, "one"),
                none = report(target, prediction, "undefined");
  CHECK(zero["precision[c]"].value == 0);
  CHECK(zero["recall[b]"].value == 0);
  CHECK(zero["precision[macro]"].value == close_to(0.5 / 3));
  CHECK(one["precision[c]"].value == 1);
  CHECK(one["recall[b]"].value == 1);
  CHECK(one["f1[b]"].value == 0);  // it is predicted once: no division by zero
  CHECK(one["precision[macro]"].value == close_to(1.5 / 3));
  CHECK(none["precision[c]"].undefined == "the class is never predicted");
  CHECK(none["recall[b]"].undefined == "the class never occurs");
  CHECK(none["precision[macro]"].value == close_to(0.5 / 2));
  CHECK(none["precision[macro]"].n == 2);
  CHECK(none["recall[macro]"].value == close_to(0.5 / 2));
  CHECK(none["precision[weighted]"].value == close_to(0.5));
}

TEST_CASE("with one channel the classes are above and not above the threshold") {
  PluginValue value = metric_value("classification_report");
  value.values.set(*value.values.find("threshold"), 10.0);
  const Figures figures = compare(value, {5, 10, 15, 20}, {12, 3, 11, 10});
  CHECK(figures["precision[above]"].value == 0.5);
  CHECK(figures["recall[above]"].value == 0.5);
  CHECK(figures["support[not above]"].value == 2);
  CHECK(figures["f1[micro]"].value == 0.5);
}

TEST_CASE("targets that are no classes leave the report undefined, and many classes leave out the rows of each") {
  const char* why = "targets are not classes: a row does not have exactly one channel above the threshold";
  CHECK(compare("classification_report", {1, 1, 0, 1}, {1, 0, 0, 1}, 2)["f1[macro]"].undefined == why);
  CHECK(compare("classification_report", {1, 0, 0, 0}, {1, 0, 0, 1}, 2)["f1[macro]"].undefined == why);
  PluginValue value = metric_value("classification_report");
  value.values.set(*value.values.find("most_classes"), int64_t{2});
  CHECK(compare(value, one_hot({0, 1, 2}, 3), one_hot({0, 1, 2}, 3), 3).all.size() == 9);
  CHECK(compare(value, one_hot({0, 1}, 2), one_hot({0, 1}, 2), 2).all.size() == 9 + 8);
}
