#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "proxon/base/columns.hpp"
#include "proxon/base/csv.hpp"
#include "proxon/base/error.hpp"
#include "proxon/base/progress.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/base/units.hpp"

using namespace proxon;

TEST_CASE("units are converted within a quantity and refused across quantities") {
  CHECK(convert(20, "ms", "ms") == 20);
  CHECK(convert(0.02, "s", "ms") == 20);
  CHECK(convert(1, "kHz", "Hz") == 1000);
  CHECK(convert(1, "1/ms", "Hz") == 1000);
  CHECK(convert(-65, "mV", "V") == -0.065);
  CHECK_THROWS_WITH_AS(convert(20, "mV", "ms"), "mV is a voltage and cannot be given in ms, which is a time.", Error);
  CHECK(parse_quantity(" -65mV ").value == -65);
  CHECK(parse_quantity("1e3").unit.empty());
  CHECK_THROWS_AS(parse_quantity("ms"), Error);
  CHECK_THROWS_WITH_AS(parse_quantity("20 mss"), "'mss' is not a unit that is known here. Did you mean 'ms'?", Error);
}

TEST_CASE("the nearest name is found, and nothing when none is near") {
  const std::vector<std::string> names{"tau_m", "V_th", "V_reset"};
  CHECK(nearest_name("tua_m", names) == "tau_m");
  CHECK(nearest_name("Vreset", names) == "V_reset");
  CHECK(nearest_name("learning_rate", names).empty());
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("a field of a CSV file is quoted where it must be") {
  CHECK(csv_cell("X[3] activity") == "X[3] activity");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("a \"b\", c") == "\"a \"\"b\"\", c\"");
  CHECK(csv_cell("").empty());
}

TEST_CASE("a parallel loop does every index once, for any number of threads") {
  for (int n_threads : {1, 2, 3, 8}) {
    set_threads(n_threads);
    Column<int> seen(1001, 0);
    parallel_for(1001, 10, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
    });
    CHECK(std::accumulate(seen.begin(), seen.end(), 0) == 1001);
    CHECK(*std::max_element(seen.begin(), seen.end()) == 1);
    int ranks = 0;
    Column<int> mine(8, 0);
    parallel(0, [&](const Team& team) {
      mine[static_cast<size_t>(team.rank())] = 1;
      team.barrier();
      if (team.rank() == 0) ranks = std::accumulate(mine.begin(), mine.end(), 0);
    });
    CHECK(ranks == n_threads);
    CHECK_THROWS_AS(parallel_for(10, 1, [](int64_t, int64_t) { fail("inside"); }), Error);
  }
  set_threads(0);
}

TEST_CASE("figures are written for a person") {
  CHECK(format_count(1234567) == "1,234,567");
  CHECK(format_count(-1000) == "-1,000");
  CHECK(format_bytes(8.2e7) == "82 MB");
  CHECK(format_bytes(1500) == "1.5 kB");
  CHECK(format_duration(200) == "3 min 20 s");
  CHECK(format_duration(0.25) == "250 ms");
}
