#include <doctest/doctest.h>

#include "../../tests/unit/dataset/samples_support.hpp"

using namespace network_test;

TEST_CASE("conll: sentences are parted by lines that are empty or hold blanks alone") {
  const TemporaryFolder folder;
  const SampleRows rows = read_samples(reader("'conll'"), folder.write("a", "\nEmpire\tB-location\nState\tI-location\n\t\n \n\nis\tO\r\n"));
  CHECK(rows.begin == std::vector<int64_t>{0, 2, 3});
  CHECK(rows.texts == std::vector<std::string>{"Empire", "B-location", "State", "I-location", "is", "O"});
  CHECK(rows.line == std::vector<int64_t>{2, 3, 7});
}

TEST_CASE("conll: other separators, comments, further columns, and a number of sentences") {
  const TemporaryFolder folder;
  const std::string path = folder.write("b", "# text\n1 the x DET\n2 cat x NOUN\n\n1 sat x VERB\n");
  const SampleRows rows = read_samples(reader("{ name = 'conll', separator = ' ', columns = 4, comment = '#' }"), path);
  CHECK(rows.columns == 4);
  CHECK(rows.texts[7] == "NOUN");
  CHECK(read_samples(reader("{ name = 'conll', separator = ' ', columns = 2, comment = '#', most = 1 }"), path).begin == std::vector<int64_t>{0, 2});
}

TEST_CASE("conll: a line with too few columns or an empty one is refused with file and line") {
  const TemporaryFolder folder;
  const std::string few = folder.write("few", "a\tO\n\nb\n"), empty = folder.write("empty", "a\tO\n\tO\n"), none = folder.write("none", "\n \n");
  CHECK(contains(refusal_of_samples(few, "'conll'"), few + ":3: has 1 column where 2 belong"));
  CHECK(contains(refusal_of_samples(empty, "'conll'"), empty + ":2: column 0 is empty"));
  CHECK(contains(refusal_of_samples(none, "'conll'"), none + ": holds no sample"));
  CHECK(contains(refusal_of_samples("/nowhere", "'conll'"), "/nowhere: cannot be opened for reading"));
  CHECK(contains(refusal_of_samples(few, "{ name = 'conll', separator = '' }"), "separator must be one character"));
}
