#include <doctest/doctest.h>

#include "../../tests/unit/network/support.hpp"

using namespace network_test;

namespace {

/// The rows of a network whose neurons and edges both come from one file.
SynapseRows rows_of(const std::string& path, const std::string& choice) {
  NeuronNames neurons = read_neuron_names(reader(choice), path);
  Blueprint b;
  b.add(Population{.name = "P", .size = neurons.size, .neuron_names = neurons.names});
  b.add(Projection{.name = "p", .source = "P", .target = "P", .connectivity = from_file(path, choice)});
  return build(b, 1).projections()[0];
}

std::string refused(const std::string& path, const std::string& choice) {
  try {
    read_neuron_names(reader(choice), path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE(
    "csv: neurons of an edge list are sorted by name, numbers by value; of a list of neurons they keep its order") {
  const TemporaryFolder folder;
  CHECK(read_neuron_names(reader("'csv'"), folder.write("a.csv", "source,target\n c , a\nb,c \n")).names ==
        std::vector<std::string>{"a", "b", "c"});
  CHECK(read_neuron_names(reader("'csv'"), folder.write("b.csv", "source,target\n10,9\n2,10\n")).names ==
        std::vector<std::string>{"2", "9", "10"});
  const std::string list = folder.write("c.csv", "Name;Kind\nz;x\na;x\nm;y\n");
  CHECK(read_neuron_names(reader("{ name = 'csv', node = 'Name', separator = ';' }"), list).names ==
        std::vector<std::string>{"z", "a", "m"});
  CHECK(
      read_neuron_names(
          reader("{ name = 'csv', node = 'Name', separator = ';', where_column = 'Kind', where_values = ['x'] }"), list)
          .size == 2);
  CHECK(contains(refused(folder.write("d.csv", "n\na\na\n"), "{ name = 'csv', node = 'n' }"),
                 "names the neuron 'a' twice"));
}

TEST_CASE("csv: columns, separators, quotes, filters") {
  const TemporaryFolder folder;
  const SynapseRows rows = rows_of(
      folder.write("e.csv", "kind\tto\tfrom\tn\r\nS\tb\ta\t2\r\nR\ta\tb\t2\r\n\r\nSp\t\"b\"\ta\t3\r\n"),
      "{ name = 'csv', source = 'from', target = 'to', weight = 'n', separator = \"\\t\", where_column = 'kind', "
      "where_values = ['S', 'Sp'] }");
  CHECK(rows.size() == 2);
  CHECK(std::vector<float>(rows.weight.begin(), rows.weight.end()) == std::vector<float>{2, 3});
  CHECK(rows_of(folder.write("f.csv", "source target w\n a   b  1.5\nb \t a 2\n"),
                "{ name = 'csv', separator = ' ', weight = 'w' }")
            .weight[1] == 2);
}

TEST_CASE("csv: rows of one pair merge to the sum of their weights, or to their number") {
  const TemporaryFolder folder;
  const std::string path = folder.write("e.csv", "source,target,w\na,b,1\nb,a,10\na,b,2.5\na,c,1\n");
  const SynapseRows rows = rows_of(path, "{ name = 'csv', weight = 'w', merge = true }");
  CHECK(std::vector<float>(rows.weight.begin(), rows.weight.end()) == std::vector<float>{3.5, 1, 10});
  const SynapseRows counted = rows_of(path, "{ name = 'csv', merge = true }");
  CHECK(std::vector<float>(counted.weight.begin(), counted.weight.end()) == std::vector<float>{2, 1, 1});
  const std::string delays = folder.write("d.csv", "source,target,d\na,b,1\na,b,2\n");
  CHECK(contains(refused(delays, "{ name = 'csv', delay = 'd', merge = true }"),
                 "d.csv:3: has another delay than line 2"));
}

TEST_CASE("csv: a symmetric row stands for both directions, a loop for itself") {
  const TemporaryFolder folder;
  const SynapseRows rows = rows_of(folder.write("e.csv", "source,target,w\na,b,4\nc,c,1\n"),
                                   "{ name = 'csv', weight = 'w', symmetric = true }");
  CHECK(std::vector<int64_t>(rows.offset.begin(), rows.offset.end()) == std::vector<int64_t>{0, 1, 2, 3});
  CHECK(std::vector<int32_t>(rows.target.begin(), rows.target.end()) == std::vector<int32_t>{1, 0, 2});
}

TEST_CASE("csv: bad files are refused with file, line and column") {
  const TemporaryFolder folder;
  auto with = [&](const std::string& text, const std::string& choice = "{ name = 'csv', weight = 'w' }") {
    return refused(folder.write("e.csv", text), choice);
  };
  const std::string at = "reader 'csv': " + folder.path.string() + "/e.csv";
  CHECK(refused(folder.path.string() + "/none.csv", "'csv'") ==
        "reader 'csv': " + folder.path.string() + "/none.csv: cannot be opened for reading.");
  CHECK(contains(with(""), at + ": is empty"));
  CHECK(with("source,target,w\n") == at + ": has a header and no rows.");
  CHECK(with("source,target,w\na,b,1\na,b\n") == at + ":3: has 2 fields where the header names 3.");
  CHECK(with("source,target,w\n\na,b,1x\n") == at + ":3: '1x' in column 'w' is not a number.");
  CHECK(with("source,target,w\na,b,NaN\n") == at + ":2: 'NaN' in column 'w' is not a finite number.");
  CHECK(with("source,target,w\na,,1\n") == at + ":2: has no neuron in column 'target'.");
  CHECK(with("source,target,w\na,\"b,1\n") == at + ":2: a quoted field is not closed.");
  CHECK(with("from,target,w\na,b,1\n") == at + ":1: has no column 'source'; its columns are: from, target, w.");
  CHECK(with("source,target,Type\na,b,x\na,b,y\n", "{ name = 'csv', where_column = 'Type', where_values = ['z'] }") ==
        at + ": no row is chosen by where_values; column 'Type' holds 'x', 'y'.");
  CHECK(
      contains(with("source,target\na,b\n", "{ name = 'csv', separator = ';;' }"), "separator must be one character"));
  CHECK(contains(with("source,target\na,b\n", "{ name = 'csv', where_column = 'x' }"), "belong together"));
}
