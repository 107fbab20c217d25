// spike_replay and current_replay, from lists and from the files of each format that the framework reads for them.
#include "proxon/experiment/replay.hpp"

#include <doctest/doctest.h>

#include "driven.hpp"

using namespace stimulus_test;

namespace {

/// A file that h5py writes from `script` (the file is `f`).
std::string written(const network_test::TemporaryFolder& folder, const std::string& script) {
  const std::string path = folder.path.string() + "/recording.h5";
  const std::string program = folder.write(
      "write.py", "import h5py, numpy as np\nf = h5py.File('" + path + "', 'w')\n" + script + "f.close()\n");
  return std::system(("/usr/bin/python3 " + program).c_str()) == 0 ? path : "";
}

Driven replay(const std::string& text, int32_t targets) {
  PluginValue value = stimulus(text);
  fill_from_recording(value, targets);
  return Driven(value, targets);
}
std::string refused_file(const std::string& text, int32_t targets) {
  try {
    replay(text, targets);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// The spikes 0.3 ms of neuron 1, 0.3 ms of neuron 0, 0.7 ms of neuron 299 (twice).
void check_spikes(const Driven& model) {
  for (int step = 0; step < 20; ++step) {
    const auto x = model.at(step);
    for (int i = 0; i < 300; ++i) {
      const float expected = step == 2 && i < 2 ? 1 : step == 6 && i == 299 ? 2 : 0;
      REQUIRE(x[static_cast<size_t>(i)] == expected);
    }
    CHECK(model.common(step) == (step == 2 || step == 6 ? 2 : 0));
  }
}

/// From 1 ms on 5 and -7 pA at neurons 0 and 2, from 2 ms on 6 and -8, until 3 ms.
void check_currents(const Driven& model) {
  for (int step = 0; step < 50; ++step) {
    const auto x = model.at(step);
    const bool first = step >= 10 && step < 20, second = step >= 20 && step < 30;
    REQUIRE(x[0] == doctest::Approx(first ? 5 : second ? 6 : 0));
    REQUIRE(x[1] == 0);
    REQUIRE(x[2] == doctest::Approx(first ? -7 : second ? -8 : 0));
  }
}

}  // namespace

TEST_CASE("spike_replay: each spike arrives at its neuron, from a list, text, SONATA and NWB") {
  check_spikes(replay("{ name = 'spike_replay', times = [0.3, 0.3, 0.7, 0.7], neurons = [1, 0, 299, 299] }", 300));
  const network_test::TemporaryFolder folder;
  const std::string csv = folder.write("spikes.csv", "ms,cell\n0.7,299\n0.3,1\n0.7,299\n0.3,0\n");
  check_spikes(
      replay("{ name = 'spike_replay', file = '" + csv + "', time_column = 'ms', neuron_column = 'cell' }", 300));
  const std::string sonata =
      written(folder,
              "g = f.create_group('spikes/E')\n"
              "g['timestamps'] = np.array([0.7, 0.3, 0.3, 0.7]) * 1e-3\ng['timestamps'].attrs['units'] = 'seconds'\n"
              "g['node_ids'] = np.array([299, 0, 1, 299], dtype='u8')\nf.create_group('spikes/I')\n");
  REQUIRE(sonata != "");
  check_spikes(replay("{ name = 'spike_replay', file = '" + sonata + "', series = 'E' }", 300));
  CHECK(refused_file("{ name = 'spike_replay', file = '" + sonata + "' }", 300).find("set `series` to one of: E, I") !=
        std::string::npos);
  const std::string nwb =
      written(folder,
              "f['units/spike_times'] = np.array([0.0003, 0.0003, 0.0007, 0.0007])\n"
              "f['units/spike_times_index'] = np.array([1, 2, 4])\nf['units/id'] = np.array([0, 1, 299])\n");
  check_spikes(replay("{ name = 'spike_replay', file = '" + nwb + "' }", 300));
}

TEST_CASE("spike_replay: an offset moves the spikes, and those before the first step are left out") {
  const Driven model =
      replay("{ name = 'spike_replay', times = [0.1, 0.5, 1.04], neurons = [0, 0, 0], offset = -0.4 }", 1);
  CHECK(model.common(0) == 1);
  CHECK(model.common(5) == 1);
  CHECK(model.sum(0, 100) == 2);
}

TEST_CASE("current_replay: each neuron gets its current, from a list, text, SONATA and NWB") {
  check_currents(replay("{ name = 'current_replay', times = [1, 2], neurons = [0, 2], values = [5, -7, 6, -8] }", 3));
  const network_test::TemporaryFolder folder;
  const std::string csv = folder.write("currents.csv", "2,time,0\n-7,1,5\n-8,2,6\n");
  check_currents(replay("{ name = 'current_replay', file = '" + csv + "' }", 3));
  const std::string sonata =
      written(folder,
              "g = f.create_group('report/E')\ng['data'] = np.array([[-0.007, 0.005], [-0.008, 0.006]])\n"
              "g['data'].attrs['units'] = 'nA'\ng['mapping/node_ids'] = np.array([2, 0])\n"
              "g['mapping/time'] = np.array([1.0, 3.0, 1.0])\n");
  check_currents(replay("{ name = 'current_replay', file = '" + sonata + "' }", 3));
  const std::string nwb =
      written(folder,
              "g = f.create_group('stimulus/presentation/steps')\ng['data'] = np.array([[5, 0, -7], [6, 0, -8]])\n"
              "g['data'].attrs['unit'] = 'amperes'\ng['data'].attrs['conversion'] = 1e-12\n"
              "g['starting_time'] = 0.001\ng['starting_time'].attrs['rate'] = 1000.0\n");
  check_currents(replay("{ name = 'current_replay', file = '" + nwb + "' }", 3));
}

TEST_CASE("current_replay: a single column is for all targets") {
  const network_test::TemporaryFolder folder;
  const std::string csv = folder.write("current.csv", "time,I\n0,3\n1,4\n");
  const Driven model = replay("{ name = 'current_replay', file = '" + csv + "' }", 300);
  for (const float x : model.at(3)) REQUIRE(x == 3);
  for (const float x : model.at(13)) REQUIRE(x == 4);
  for (const float x : model.at(25)) REQUIRE(x == 0);
}

TEST_CASE("replay: text as laboratories write it, with blanks, comments, numbers of samples and no names of columns") {
  const network_test::TemporaryFolder folder;
  const std::string spikes = folder.write("spikes.txt", "# a cell\n\n  1.0e+000   299\n0.0 1\n\t# more\n0 0\n1 299\n");
  check_spikes(replay("{ name = 'spike_replay', file = '" + spikes +
                          "', time_column = '0', neuron_column = '1', time_scale = 0.4, offset = 0.3 }",
                      300));
  const std::string one = folder.write("one.txt", "100\n300\n");
  const Driven cell = replay("{ name = 'spike_replay', file = '" + one + "', time_column = '0', neuron_column = '', time_scale = '1 us' }", 2);
  CHECK(cell.at(0)[0] == 1);
  CHECK(cell.at(2)[0] == 1);
  CHECK(cell.sum(0, 100) == 2);
  const std::string current = folder.write("current.txt", "# sample\tpA\tmV\n5\t3\t-60\n10\t4\t-61\n");
  const Driven driven = replay("{ name = 'current_replay', file = '" + current + "', time_column = '0', value_column = '1', time_scale = 0.2 }", 3);
  for (int step = 0; step < 50; ++step)
    for (const float x : driven.at(step)) REQUIRE(x == (step >= 10 && step < 20 ? 3 : step >= 20 && step < 30 ? 4 : 0));
}

TEST_CASE("replay: several recordings are trials, and what lies beyond a trial's end is left out") {
  const network_test::TemporaryFolder folder;
  const std::string a = folder.write("a.txt", "0.3\n1.5\n2\n2.5\n"), b = folder.write("b.txt", "0.1\n");
  const Driven spikes =
      replay("{ name = 'spike_replay', files = ['" + a + "', '" + b + "', '" + a + "'], trial = 2, time_column = '0', neuron_column = '' }", 1);
  std::vector<int> steps;
  for (int step = 0; step < 100; ++step)
    if (spikes.common(step) != 0) steps.push_back(step);
  CHECK(steps == std::vector<int>{2, 14, 19, 20, 42, 54, 59});

  // Steps of 1 ms: the first ends at 2 ms, and there is nothing until 4; the second is cut there.
  const std::string low = folder.write("low.csv", "time,I\n0,1\n1,2\n"), high = folder.write("high.csv", "time;I\n0;3\n1;4\n2;5\n3;6\n4;7\n");
  const Driven currents = replay("{ name = 'current_replay', files = ['" + low + "', '" + high + "', '" + low + "'], trial = '4 ms' }", 1);
  const float wanted[] = {1, 2, 0, 0, 3, 4, 5, 6, 1, 2, 0, 0};
  for (int step = 0; step < 120; ++step) REQUIRE(currents.at(step)[0] == wanted[step / 10]);
}

TEST_CASE("replay: what does not fit is refused with its place") {
  const network_test::TemporaryFolder folder;
  const std::string csv = folder.write("spikes.csv", "time,neuron\n1,0\nx,1\n"),
                    odd = folder.write("odd.csv", "time,neuron\n1,0.5\n"),
                    far = folder.write("far.csv", "time,neuron\n1,3\n"),
                    empty = folder.write("empty.csv", "time,neuron\n");
  auto of = [](const std::string& file) { return "{ name = 'spike_replay', file = '" + file + "' }"; };
  CHECK(refused_file(of(csv), 3).find("spikes.csv:3: 'x' in column 'time' is not a number") != std::string::npos);
  CHECK(refused_file(of(odd), 3).find("0.5 is no number of a neuron") != std::string::npos);
  CHECK(refused_file(of(far), 3) == "spike_replay: replays neuron 3, and the target population has neurons 0 to 2.");
  CHECK(refused_file(of(empty), 3).find("holds no spikes") != std::string::npos);
  CHECK(refused_file("{ name = 'spike_replay', file = '" + far + "', times = [1], neurons = [0] }", 5)
            .find("give one of them") != std::string::npos);
  const std::string bare = folder.write("bare.txt", "1 2 3\n4 5\n");
  auto current = [&](const std::string& rest) { return refused_file("{ name = 'current_replay', file = '" + bare + "', " + rest + " }", 1); };
  CHECK(current("time_column = 'time'").find("bare.txt:1: has no line that names its 3 columns, so that they go by their numbers from 0, and 'time'") !=
        std::string::npos);
  CHECK(current("time_column = '3'").find("and '3' is none of them") != std::string::npos);
  CHECK(current("time_column = '0'").find("has 3 columns without names; value_column says which of them is the current") != std::string::npos);
  CHECK(current("time_column = '0', value_column = '1'").find("bare.txt:2: has 2 fields where the first line has 3") != std::string::npos);
  CHECK(refused_file("{ name = 'spike_replay', files = ['" + far + "'] }", 9).find("has `files`, one a trial, and no `trial`") != std::string::npos);
  CHECK(refused_file("{ name = 'spike_replay', file = '" + far + "', files = ['" + far + "'], trial = 9 }", 9).find("give one of them") !=
        std::string::npos);
  CHECK(refused_file("{ name = 'spike_replay', files = ['" + far + "', '" + empty + "'], trial = 9 }", 9).find("empty.csv holds no spikes") !=
        std::string::npos);
  const std::string two = folder.write("two.csv", "time,0,1\n1,5,6\n"), three = folder.write("three.csv", "time,0,2\n1,5,6\n");
  CHECK(refused_file("{ name = 'current_replay', files = ['" + two + "', '" + three + "'], trial = 9 }", 3).find("has other neurons than") !=
        std::string::npos);
  CHECK(refused("{ name = 'spike_replay', times = [2, 1], neurons = [0, 0] }").find("must ascend") !=
        std::string::npos);
  CHECK(refused("{ name = 'current_replay', times = [1, 2], values = [1] }").find("one current for each") !=
        std::string::npos);
}
