#include "example.hpp"

using namespace example;

namespace {
const char* const two_stimuli = "[[stimuli]]\nname = \"drive\"\nsize = 5\n[[stimuli]]\nname = \"noise\"\nsize = 6\n";

struct Named {
  std::string_view name = "";
  int32_t size = 1;
  static constexpr auto fields() {
    return std::tuple{field<&Named::name>("1", "name"), field<&Named::size>("1", "size", at_least(0))};
  }
};

std::vector<int32_t> stimulus_sizes(const std::vector<std::string>& overrides) {
  Catalog catalog;
  Document document("e.toml", two_stimuli, overrides, catalog);
  std::vector<int32_t> sizes;
  for (Table& table : document.root().list("stimuli")) sizes.push_back(table.read<Named>().as<Named>().size);
  return sizes;
}

std::string stimulus_refusal(const std::vector<std::string>& overrides) {
  try {
    stimulus_sizes(overrides);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}
}  // namespace

TEST_CASE("--set replaces and adds values of every type") {
  const Values values = read("tau_m = 5", {"tau_m=20 s", "size = 7", "bias=false", "activation=relu", "label=two words", "layers=[8, 4]",
                                           "weight={ distribution = \"uniform\", low = 0, high = 1 }"});
  const auto& e = values.as<Everything>();
  CHECK(e.tau_m == 20000);
  CHECK(e.size == 7);
  CHECK_FALSE(e.bias);
  CHECK(e.activation == "relu");
  CHECK(e.label == "two words");
  CHECK(e.layers[0] == 8);
  CHECK(e.weight.high == 1);
  // The last of two wins.
  CHECK(read("", {"size=1", "size=2"}).as<Everything>().size == 2);
}

TEST_CASE("--set reaches into a plugin, also where the file has only its name") {
  CHECK(read("optimizer = \"sgd\"", {"optimizer.momentum=0.5"}).as<Everything>().optimizer->values.as<Sgd>().momentum == 0.5);
  CHECK(read("[optimizer]\nname = \"sgd\"", {"optimizer.momentum=0.5"}).as<Everything>().optimizer->values.as<Sgd>().momentum == 0.5);
  CHECK(read("optimizer = \"sgd\"", {"optimizer=adam"}).as<Everything>().optimizer->name == "adam");
  CHECK(read("", {"optimizer.name=sgd", "optimizer.momentum=0.5"}).as<Everything>().optimizer->values.as<Sgd>().momentum == 0.5);
}

TEST_CASE("--set reaches elements of a list of tables by number and by name") {
  CHECK(stimulus_sizes({}) == std::vector<int32_t>{5, 6});
  CHECK(stimulus_sizes({"stimuli.1.size=9"}) == std::vector<int32_t>{5, 9});
  CHECK(stimulus_sizes({"stimuli.drive.size=9"}) == std::vector<int32_t>{9, 6});
  CHECK(stimulus_sizes({"stimuli.noise.size=9", "stimuli.0.size=8"}) == std::vector<int32_t>{8, 9});
  CHECK(stimulus_refusal({"stimuli.nosie.size=9"}).find("--set stimuli.nosie.size=9: there is no 'nosie'") == 0);
  CHECK(stimulus_refusal({"stimuli.2.size=9"}).find("there is no '2'") != std::string::npos);
}

TEST_CASE("what is wrong with an override names --set and the key, not a line of the file") {
  CHECK(refusal("", {"tau_m=20 mV"}).find("--set tau_m: \"20 mV\" does not fit") == 0);
  CHECK(refusal("tau_m = 1", {"tau_m=-1"}) == "--set tau_m: is -1 ms, and must be above 0.");
  CHECK(refusal("", {"tua_m=1"}) == "--set tua_m: unknown key. Did you mean 'tau_m'?");
  CHECK(refusal("optimizer = \"sgd\"", {"optimizer.momentum=2"}) == "--set optimizer.momentum: is 2, and must be between 0 and 1.");
  CHECK(stimulus_refusal({"stimuli.1.size=-1"}).find("--set stimuli.1.size: ") == 0);
  CHECK(stimulus_refusal({"stimuli.noise.size=-1"}).find("--set stimuli.noise.size: ") == 0);
  CHECK(refusal("", {"tau_m"}) == "--set tau_m: write key=value, for example training.epochs=20.");
  CHECK(refusal("", {"=5"}) != "");
  CHECK(refusal("size = 5", {"size.x=5"}).find("--set size.x=5: ") == 0);
}

TEST_CASE("the resolved text has the overrides in it and reads as the same experiment") {
  Catalog catalog;
  Document document("e.toml", "tau_m = 5\n[optimizer]\nname = \"sgd\"\n", {"tau_m=7", "optimizer.momentum=0.5"}, catalog);
  CHECK(document.text() == "tau_m = 5\n[optimizer]\nname = \"sgd\"\n");
  const Values again = read(document.resolved_text());
  CHECK(again.as<Everything>().tau_m == 7);
  CHECK(again.as<Everything>().optimizer->values.as<Sgd>().momentum == 0.5);
}

namespace {

/// The order in which the tables of `inputs` and those within `inputs.z` and `inputs.a` are read.
std::string order_of(Document&& document) {
  std::vector<std::string> names;
  Table inputs = document.root().table("inputs");
  for (auto& [name, table] : document.root().tables("inputs")) names.push_back(name);
  for (const char* of : {"z", "a"})
    for (auto& [name, table] : inputs.tables(of)) names.push_back(fmt::format("{}.{}", of, name));
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace

TEST_CASE("the resolved text keeps tables in the order of the file: channels and neurons are numbered by it") {
  const std::string text =
      "size = 3\n[inputs.z]\nq = { n = 1 }\nb = { n = 2 }\n[inputs.z.c]\n\"two words\" = \"x\"\n[inputs.z.\"a.b\"]\n[inputs.m]\n[inputs.a.y]\n[inputs.a]\n"
      "b = { n = 3 }\n[[steps]]\nz = 1\n[steps.sub]\nx = [1, 2]\n[[steps]]\na = \"q\\\"\"\n[last]\nd = 2024-01-02\n";
  Catalog catalog;
  const auto document = [&](const std::string& toml, const std::vector<std::string>& overrides = {}) { return Document("e.toml", toml, overrides, catalog); };
  const std::string again = document(text).resolved_text();
  CHECK(order_of(document(text)) == "z m a z.q z.b z.c z.a.b a.y a.b");
  CHECK(order_of(document(again)) == order_of(document(text)));
  CHECK(document(again).resolved_text() == again);
  for (const char* key : {"size", "inputs", "steps", "last"}) CHECK(document(again).agrees(document(text), key));

  // With a table from --set, which has no place in the file, and with tables of another file.
  const std::vector<std::string> set{"inputs.k.n=1", "inputs.z.q.n=7"};
  CHECK(order_of(document(document(text, set).resolved_text())) == order_of(document(text, set)));
  const std::string other = "size = 4\n[inputs.w]\n[inputs.b]\n";
  const std::string_view keys[] = {"inputs"};
  const std::string merged = document(text).resolved_text(document(other), keys);
  CHECK(order_of(document(merged)) == "w b");
  CHECK(document(merged).agrees(document(other), "inputs"));
  CHECK(document(merged).agrees(document(text), "steps"));
  CHECK_FALSE(document("[inputs.a]\n[inputs.b]\n").agrees(document("[inputs.b]\n[inputs.a]\n"), "inputs"));
  CHECK_FALSE(document("[inputs]\na = 1\nb = [1, 2]\n").agrees(document("[inputs]\nb = [1, 3]\na = 1\n"), "inputs"));
  CHECK(document("[inputs]\na = 1\nb = [1, 2]\n").agrees(document("[inputs]\nb = [1, 2]\na = 1\n"), "inputs"));
}
