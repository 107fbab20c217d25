#include <doctest/doctest.h>

#include <cstdlib>

#include "../../tests/unit/dataset/samples_support.hpp"

using namespace network_test;

namespace {

std::string idx_bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

const std::string two_images = idx_bytes({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 7, 255, 1, 2, 128});

}  // namespace

TEST_CASE("idx: images and labels, plain and compressed, are rows of numbers") {
  const TemporaryFolder folder;
  const std::string plain = folder.write("images", two_images), packed = plain + ".gz";
  REQUIRE(std::system(("gzip -k " + plain).c_str()) == 0);
  for (const std::string& path : {plain, packed}) {
    const SampleRows rows = read_samples(reader("'idx'"), path);
    CHECK(rows.samples() == 2);
    CHECK(rows.columns == 3);
    CHECK(rows.numbers == std::vector<float>{0, 7, 255, 1, 2, 128});
  }
  CHECK(read_samples(reader("'idx'"), folder.write("labels", idx_bytes({0, 0, 8, 1, 0, 0, 0, 4, 3, 1, 4, 1}))).numbers == std::vector<float>{3, 1, 4, 1});
  CHECK(read_samples(reader("{ name = 'idx', most = 1 }"), plain).samples() == 1);
}

TEST_CASE("idx: integers and reals of every type, big-endian") {
  const TemporaryFolder folder;
  const auto first = [&](std::string text) { return read_samples(reader("'idx'"), folder.write("x", std::move(text))).numbers.at(0); };
  CHECK(first(idx_bytes({0, 0, 9, 1, 0, 0, 0, 1, 0xfe})) == -2);
  CHECK(first(idx_bytes({0, 0, 0xb, 1, 0, 0, 0, 1, 0xff, 0xfe})) == -2);
  CHECK(first(idx_bytes({0, 0, 0xc, 1, 0, 0, 0, 1, 0, 1, 0, 0})) == 65536);
  CHECK(first(idx_bytes({0, 0, 0xd, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0})) == 1.5f);
  CHECK(first(idx_bytes({0, 0, 0xe, 1, 0, 0, 0, 1, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0})) == 1.5f);
}

TEST_CASE("idx: a file that is none, that ends early or holds what is no number is refused with its name") {
  const TemporaryFolder folder;
  const auto says = [&](std::string text, const std::string& part) {
    const std::string path = folder.write("bad", std::move(text)), said = refusal_of_samples(path, "'idx'");
    CHECK_MESSAGE(contains(said, path), said);
    CHECK_MESSAGE(contains(said, part), said);
  };
  says("GIF89a, and more", "begins with 47 49 46 38, which is no IDX file");
  says(idx_bytes({0, 0, 0xa, 1, 0, 0, 0, 1, 0}), "begins with 00 00 0a 01, which is no IDX file");
  says(idx_bytes({0, 0, 8}), "ends 1 bytes too early, within the head");
  says(idx_bytes({0, 0, 8, 3, 0, 0, 0, 2}), "within the head");
  says(two_images.substr(0, two_images.size() - 2), "ends 2 bytes too early, within samples 0 to 1 of 2");
  says(idx_bytes({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 0}), "says that a sample has 0 numbers");
  says(idx_bytes({0, 0, 8, 1, 0, 0, 0, 0}), "holds no sample");
  says(idx_bytes({0, 0, 0xd, 1, 0, 0, 0, 1, 0x7f, 0x80, 0, 0}), "holds a number that is not finite");
  CHECK(contains(refusal_of_samples("/nowhere/images", "'idx'"), "/nowhere/images: cannot be opened for reading"));
}

TEST_CASE("readers of networks and readers of samples are not taken for each other") {
  const TemporaryFolder folder;
  CHECK(contains(refusal_of_samples(folder.write("a.csv", "source,target\n1,2\n"), "'csv'"), "reader 'csv' reads networks, and no samples"));
  try {
    read_neuron_names(reader("'idx'"), folder.write("images", two_images));
    FAIL("it was read");
  } catch (const Error& error) {
    CHECK(contains(error.what(), "reader 'idx' reads samples, and no network"));
  }
}
