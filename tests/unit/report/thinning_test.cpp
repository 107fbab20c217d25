#include "proxon/report/thinning.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "proxon/report/charts.hpp"

using namespace proxon::report;

namespace {

std::vector<double> noise(std::size_t count, int seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& value : values) value = normal(random);
  return values;
}

bool has(const std::vector<std::size_t>& indices, std::size_t wanted) {
  return std::binary_search(indices.begin(), indices.end(), wanted);
}

}  // namespace

TEST_CASE("a thinned line keeps its ends, its peaks wherever they are, and its order") {
  for (const std::size_t count : {11UL, 4001UL, 100000UL}) {
    for (const std::size_t limit : {10UL, 333UL, 4000UL}) {
      for (const std::size_t place : {std::size_t{0}, count / 3, count - 1}) {
        CAPTURE(count);
        CAPTURE(limit);
        CAPTURE(place);
        std::vector<double> y = noise(count, 7);
        const std::size_t low = count - 1 - place == place ? place - 1 : count - 1 - place;
        y[place] = 100, y[low] = -100;
        const auto kept = thin_line(y, limit);
        CHECK(kept.size() <= std::max<std::size_t>(limit, 5));
        CHECK(std::is_sorted(kept.begin(), kept.end()));
        CHECK(std::adjacent_find(kept.begin(), kept.end()) == kept.end());
        for (const std::size_t wanted : {std::size_t{0}, place, low, count - 1}) CHECK(has(kept, wanted));
        if (count > limit) CHECK(kept.size() >= std::min<std::size_t>(limit, 5) / 2);
      }
    }
  }
}

TEST_CASE("a thinned line keeps gaps, also one of a single point, and is whole when it is short") {
  std::vector<double> y = noise(50000, 3);
  y[31234] = NAN;
  std::fill(y.begin() + 10000, y.begin() + 20000, NAN);
  const auto kept = thin_line(y, 1000);
  CHECK(kept.size() <= 1000);
  CHECK(has(kept, 31234));
  CHECK(std::any_of(kept.begin(), kept.end(), [](std::size_t i) { return i >= 10000 && i < 20000; }));
  CHECK(thin_line(std::vector<double>{}, 10).empty());
  CHECK(thin_line(noise(10, 1), 10).size() == 10);
  CHECK(thin_line(std::vector<double>(100, NAN), 10).size() <= 10);
}

TEST_CASE("a line on the page is thinned and says so, and the peak is there") {
  std::vector<double> x(50000), y = noise(50000, 5);
  std::iota(x.begin(), x.end(), 0.0);
  y[12345] = 77.5;
  const Drawing drawing = draw(Lines{.x = {"time", "ms"}, .y = {"V", "mV"}, .series = {{"a", x, y}}});
  const auto& series = drawing.data["series"][0];
  const std::size_t drawn = series["y"].size();
  CHECK(drawn <= max_line_points);
  CHECK(drawn > max_line_points / 2);
  CHECK(series["x"].size() == drawn);
  const auto peak = std::find(series["y"].begin(), series["y"].end(), 77.5);
  REQUIRE(peak != series["y"].end());
  CHECK(series["x"][peak - series["y"].begin()] == 12345);
  REQUIRE(drawing.notes.size() == 1);
  CHECK(drawing.notes[0].starts_with("Thinned from 50,000 to "));
  CHECK(draw(Lines{.series = {{"a", {1, 2}, {3, 4}}}}).notes.empty());
}

TEST_CASE("many lines share the points of a chart") {
  Lines chart;
  for (int s = 0; s < 100; ++s) chart.series.push_back({"trace", noise(5000, s), noise(5000, s)});
  std::size_t drawn = 0;
  const Drawing drawing = draw(chart);
  for (const auto& series : drawing.data["series"]) drawn += series["y"].size();
  CHECK(drawn <= max_chart_points);
}

TEST_CASE("thinned points keep the outermost ones") {
  std::vector<double> x = noise(70001, 1), y = noise(70001, 2);
  x[3] = -50, x[5] = 50, y[7] = -60, y[69999] = 60, y[9] = NAN;
  const auto kept = thin_points(x, y, 1000);
  CHECK(kept.size() <= 1004);
  for (const std::size_t wanted : {3, 5, 7, 69999}) CHECK(has(kept, wanted));
  CHECK(thin_points(noise(1000, 1), noise(1000, 2), 1000).size() == 1000);
}

TEST_CASE("a raster loses whole neurons first, and spikes only when few neurons would be left") {
  Raster many{.neurons = 2000}, few;
  Spikes e{.name = "E"}, i{.name = "I"}, two{.name = "n"};
  for (int s = 0; s < 300000; ++s) {
    (s % 5 ? e : i).times.push_back(s * 0.1), (s % 5 ? e : i).rows.push_back(s % 5 ? s % 800 : 800 + s % 200);
    two.times.push_back(s), two.rows.push_back(s % 2);
  }
  many.groups = {e, i}, few.groups = {two};

  const Drawing thinned = draw(many);
  const int step = thinned.data["step"];
  CHECK(step >= 3);
  std::size_t drawn = 0;
  for (const auto& group : thinned.data["groups"]) {
    CHECK(!group["rows"].empty());
    drawn += group["rows"].size();
    for (const int row : group["rows"]) CHECK_MESSAGE(row % step == 0, row);
  }
  CHECK(drawn <= max_spikes);
  CHECK(thinned.data["rows"] == nlohmann::ordered_json({0, 1999}));
  REQUIRE(thinned.notes.size() == 1);
  CHECK(thinned.notes[0].find("neuron") != std::string::npos);

  const Drawing both = draw(few);
  CHECK(both.data["step"] == 1);
  CHECK(both.data["groups"][0]["rows"].size() <= max_spikes);
  CHECK(both.notes[0] == "Thinned to every 3rd spike: 100,000 of 300,000 spikes.");
  const auto& rows = both.data["groups"][0]["rows"];
  CHECK(std::count(rows.begin(), rows.end(), 0) == 50000);
}

TEST_CASE("a pooled matrix keeps the value farthest from zero, with its sign, and ignores gaps") {
  std::vector<float> values(7 * 5, 0.5F);
  values[3 * 5 + 2] = -9, values[6 * 5 + 4] = NAN, values[0] = NAN;
  const Pooled small = pool(values, 7, 5, 3);
  CHECK(small.row_step == 3);
  CHECK(small.column_step == 2);
  CHECK(small.rows == 3);
  CHECK(small.columns == 3);
  CHECK(small.values[0] == 0.5F);
  CHECK(small.values[1 * 3 + 1] == -9);
  CHECK(std::isnan(small.values[2 * 3 + 2]));
  const Pooled same = pool(values, 7, 5, 7);
  CHECK(same.rows == 7);
  CHECK(same.values[3 * 5 + 2] == -9);
}

TEST_CASE("numbers keep a millionth of their range") {
  CHECK(rounded(1.0 / 3, 6) == 0.333333);
  CHECK(rounded(-123456789.0, 6) == -123457000.0);
  CHECK(rounded(0, 6) == 0);
  CHECK(rounded(1e-300, 6) == 1e-300);
  CHECK(digits_for(std::vector<double>{0, 1}) == 6);
  CHECK(digits_for(std::vector<double>{5, 5}) == 6);
  CHECK(digits_for(std::vector<double>{NAN}) == 6);
  CHECK(digits_for(std::vector<double>{-1e6, -1e6 + 10}) == 11);
  CHECK(digits_for(std::vector<double>{1, std::nextafter(1, 2)}) == 15);
}

TEST_CASE("binned values: every finite value is counted once, the upper edge too") {
  std::vector<double> values = noise(10000, 4);
  values.push_back(NAN);
  values.push_back(INFINITY);
  const Histogram chart = binned({.caption = "Look."}, {{"a", values}, {"b", {-9, 9, 9}}}, false, 50);
  REQUIRE(chart.edges.size() == 51);
  CHECK(chart.edges.front() == -9);
  CHECK(chart.edges.back() == 9);
  const auto sum = [](const Counts& counts) {
    return std::accumulate(counts.counts.begin(), counts.counts.end(), 0.0);
  };
  CHECK(sum(chart.series[0]) == 10000);
  CHECK(sum(chart.series[1]) == 3);
  CHECK(chart.series[1].counts.front() == 1);
  CHECK(chart.series[1].counts.back() == 2);
  CHECK(chart.caption == "Look. 2 values that are not finite are left out.");
}

TEST_CASE("binned values: a density has area one, whole numbers have a bin each, one value has a bin around it") {
  const Histogram density = binned({}, {{"a", noise(1000, 1)}, {"b", noise(50, 2)}}, true);
  for (const auto& series : density.series) {
    double area = 0;
    for (std::size_t b = 0; b < series.counts.size(); ++b)
      area += series.counts[b] * (density.edges[b + 1] - density.edges[b]);
    CHECK(area == doctest::Approx(1).epsilon(1e-12));  // sixty roundings of doubles
  }
  const Histogram whole = binned({}, {{"k", {0, 0, 1, 3}}});
  CHECK(whole.edges == std::vector<double>{-0.5, 0.5, 1.5, 2.5, 3.5});
  CHECK(whole.series[0].counts == std::vector<double>{2, 1, 0, 1});
  const Histogram one = binned({}, {{"w", {2.5, 2.5}}});
  CHECK(one.edges.size() == 2);
  CHECK(one.series[0].counts == std::vector<double>{2});
  CHECK(binned({}, {}).edges.empty());
}
