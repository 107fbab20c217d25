#include "proxon/schema/document.hpp"

#include <filesystem>
#include <fstream>

#include "example.hpp"

using namespace example;

TEST_CASE("an empty file gives every default, and the default plugin with its defaults") {
  const Everything e = read("").as<Everything>();
  CHECK(e.tau_m == 10);
  CHECK(e.w_max == 1);
  CHECK(e.seed == 1);
  CHECK(e.size == 100);
  CHECK(e.bias);
  CHECK(e.activation == "tanh");
  CHECK(e.label.empty());
  CHECK(e.rates.empty());
  CHECK(e.weight.mean == 0.5);
  REQUIRE(e.optimizer);
}

TEST_CASE("every type is read") {
  const Values values = read(R"(
tau_m = 20
w_max = 0.25
seed = -7
size = 3
bias = false
activation = "relu"
label = "Käfig \"A\""
edges = "net/edges.csv"
rates = [1, 2.5, "3 Hz", "0.004 kHz"]
layers = [32, 16]
names = ["E", "I"]
weight = "2 nA"
optimizer = "sgd"
)", {}, "/data/e.toml");
  const auto& e = values.as<Everything>();
  CHECK(e.tau_m == 20);
  CHECK(e.w_max == 0.25f);
  CHECK(e.seed == -7);
  CHECK(e.size == 3);
  CHECK_FALSE(e.bias);
  CHECK(e.activation == "relu");
  CHECK(e.label == "Käfig \"A\"");
  CHECK(e.edges == "/data/net/edges.csv");
  CHECK(std::vector<double>(e.rates.begin(), e.rates.end()) == std::vector<double>{1, 2.5, 3, 4});
  CHECK(std::vector<int64_t>(e.layers.begin(), e.layers.end()) == std::vector<int64_t>{32, 16});
  REQUIRE(e.names.size() == 2);
  CHECK(e.names[1] == "I");
  CHECK(e.weight.mean == 2000);
  CHECK(e.optimizer->name == "sgd");
  CHECK(e.optimizer->values.as<Sgd>().learning_rate == 0.01);
}

TEST_CASE("a number with a unit is converted, or refused when it measures something else") {
  CHECK(read("tau_m = \"20 s\"").as<Everything>().tau_m == 20000);
  CHECK(read("tau_m = \"20ms\"").as<Everything>().tau_m == 20);
  CHECK(read("tau_m = \"500 us\"").as<Everything>().tau_m == 0.5);
  CHECK(read("tau_m = \"20\"").as<Everything>().tau_m == 20);
  CHECK(read("probability = \"50 %\"").as<Everything>().probability == 0.5);
  CHECK(refusal("tau_m = \"20 mV\"") ==
        "e.toml:1:9: tau_m: \"20 mV\" does not fit: mV is a voltage and cannot be given in ms, which is a time.");
  CHECK(refusal("tau_m = \"20 mss\"") ==
        "e.toml:1:9: tau_m: \"20 mss\" does not fit: 'mss' is not a unit that is known here. Did you mean 'ms'?");
  CHECK(refusal("tau_m = \"fast\"").find("\"fast\" does not fit: 'fast' is not a number with a unit") != std::string::npos);
  // Converted before the bounds are judged.
  CHECK(refusal("tau_m = \"-1 s\"") == "e.toml:1:9: tau_m: is -1000 ms, and must be above 0.");
}

TEST_CASE("a number outside its bounds is refused where it stands") {
  CHECK(refusal("\n\n  tau_m = 0") == "e.toml:3:11: tau_m: is 0 ms, and must be above 0.");
  CHECK(refusal("size = 0") == "e.toml:1:8: size: is 0, and must be between 1 and 1000.");
  CHECK(refusal("size = 1").empty());
  CHECK(refusal("size = 1000").empty());
  CHECK(refusal("size = 1001") != "");
  CHECK(refusal("noise = 1.0") == "e.toml:1:9: noise: is 1, and must be above 0 and below 1.");
  CHECK(refusal("rates = [1, -1]") == "e.toml:1:9: rates: is -1 Hz, and must be at least 0.");
  CHECK(refusal("layers = [4, 0]") != "");
}

TEST_CASE("nan and infinity are refused everywhere") {
  for (const std::string value : {"nan", "inf", "-inf", "+nan", "\"nan\"", "\"inf ms\""}) {
    CHECK_MESSAGE(refusal("tau_m = " + value) != "", value);
    CHECK_MESSAGE(refusal("w_max = " + value) != "", value);
    CHECK_MESSAGE(refusal("seed = " + value) != "", value);
    CHECK_MESSAGE(refusal("rates = [" + value + "]") != "", value);
    CHECK_MESSAGE(refusal("weight = " + value) != "", value);
    CHECK_MESSAGE(refusal("weight = { distribution = \"normal\", mean = 0, std = " + value + " }") != "", value);
  }
  CHECK(refusal("tau_m = nan") == "e.toml:1:9: tau_m: is nan, and must be a finite number.");
}

TEST_CASE("a number that its type cannot hold is refused, and one that it can hold is kept to the last digit") {
  CHECK(refusal("size = 3000000000") != "");
  CHECK(refusal("seed = 1e300").find("must be a whole number") != std::string::npos);
  CHECK(refusal("w_max = 1e300") != "");
  CHECK(read("seed = 9007199254740993").as<Everything>().seed == 9007199254740993);
  CHECK(read("seed = 9223372036854775807").as<Everything>().seed == 9223372036854775807);
  CHECK(read("seed = -9223372036854775808").as<Everything>().seed == std::numeric_limits<int64_t>::min());
  CHECK(read("seed = 3.0").as<Everything>().seed == 3);
}

TEST_CASE("a value of the wrong type is refused with what was wanted") {
  CHECK(refusal("tau_m = true") == "e.toml:1:9: tau_m: must be a number, bare in ms or with its unit as in \"20 ms\".");
  CHECK(refusal("tau_m = [20]") != "");
  CHECK(refusal("w_max = false") == "e.toml:1:9: w_max: must be a number.");
  CHECK(refusal("seed = 1.5") == "e.toml:1:8: seed: must be a whole number.");
  CHECK(refusal("seed = \"1\"") == "e.toml:1:8: seed: must be a whole number.");
  CHECK(refusal("bias = \"yes\"") == "e.toml:1:8: bias: must be true or false, without quotes.");
  CHECK(refusal("bias = 1") != "");
  CHECK(refusal("label = 5") == "e.toml:1:9: label: must be a text in quotes.");
  CHECK(refusal("activation = \"tahn\"") == "e.toml:1:14: activation: 'tahn' is not one of tanh, relu, linear. Did you mean 'tanh'?");
  CHECK(refusal("rates = 5") == "e.toml:1:9: rates: must be a list of numbers, in [ ].");
  CHECK(refusal("layers = [1.5]") != "");
  CHECK(refusal("layers = \"32\"") != "");
  CHECK(refusal("names = [1]") != "");
  CHECK(refusal("names = \"E\"") == "e.toml:1:9: names: must be a list of texts, in [ ].");
  CHECK(refusal("weight = true") != "");
  CHECK(refusal("optimizer = 5") == "e.toml:1:13: optimizer: must be the name of an optimizer, or { name = \"...\", its parameters }.");
  CHECK(refusal("tau_m = 2020-01-01") != "");
}

TEST_CASE("an unknown key is refused with file, line, column and the nearest right name") {
  CHECK(refusal("size = 5\ntua_m = 20") == "e.toml:2:9: tua_m: unknown key. Did you mean 'tau_m'?");
  // Where none is near, those that there are.
  CHECK(refusal("zzzzzzzz = 1") == "e.toml:1:12: zzzzzzzz: unknown key. There are: activation, bias, edges, label, layers, names, noise, optimizer, probability, rates, seed, size, tau_m, w_max, weight.");
  CHECK(refusal("[optimizer]\nname = \"adam\"\nlearnig_rate = 1") ==
        "e.toml:3:16: optimizer.learnig_rate: unknown key. Did you mean 'learning_rate'?");
  CHECK(refusal("[oops]\na = 1").starts_with("e.toml:1:1: oops: unknown key. There are: activation, bias,"));
}

namespace {
struct Needs {
  double delay = 0;
  int32_t number = 0;
  static constexpr auto fields() {
    return std::tuple{field<&Needs::delay>("ms", "delay of the synapses", required), field<&Needs::number>("1", "how many", required)};
  }
};

std::string refuse_needs(const std::string& text) {
  Catalog catalog;
  Document document("e.toml", text, {}, catalog);
  try {
    document.root().table("projection").read<Needs>();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}
}  // namespace

TEST_CASE("a required key that is missing is named with its meaning, or its misspelling is") {
  CHECK(refuse_needs("[projection]\ndelay = 1\nnumber = 2").empty());
  CHECK(refuse_needs("[projection]\nnumber = 2") ==
        "e.toml:1:1: projection: 'delay' is missing: delay of the synapses (ms).");
  CHECK(refuse_needs("[projection]\ndelay = 2") == "e.toml:1:1: projection: 'number' is missing: how many.");
  CHECK(refuse_needs("[projection]\ndealy = 1\nnumber = 2") == "e.toml:2:9: projection.dealy: unknown key. Did you mean 'delay'?");
  CHECK(refuse_needs("") == "e.toml: projection: 'delay' is missing: delay of the synapses (ms).");
  CHECK(refuse_needs("projection = 5") == "e.toml:1:14: projection: must be a table, [projection] or { ... }.");
}

TEST_CASE("distributions are read in the unit of their field, and each impossible one is refused") {
  auto weight = [](const std::string& text) { return read("weight = " + text).as<Everything>().weight; };
  const Distribution normal = weight("{ distribution = \"normal\", mean = \"1 nA\", std = 200, low = 0 }");
  CHECK(normal.kind == DistributionKind::normal);
  CHECK(normal.mean == 1000);
  CHECK(normal.std == 200);
  CHECK(normal.low == 0);
  CHECK(normal.high == std::numeric_limits<double>::infinity());
  CHECK(weight("{ distribution = \"uniform\", low = -1, high = 1 }").low == -1);
  CHECK(weight("{ distribution = \"lognormal\", mean = -2, std = 1 }").mean == -2);
  CHECK(weight("{ distribution = \"constant\", mean = 3 }").mean == 3);
  CHECK(weight("{ distribution = \"exponential\", mean = 2, high = 5 }").kind == DistributionKind::exponential);
  CHECK(weight("{ distribution = \"gamma\", mean = 2, std = 1 }").std == 1);
  const Distribution far = weight("{ distribution = \"constant\", mean = 3, distance = \"gaussian\", length = \"0.2 mm\" }");
  CHECK(far.law == DistanceLaw::gaussian);
  CHECK(far.scale == 200);
  CHECK(weight("{ distribution = \"constant\", mean = 3, distance = \"linear\", slope = -0.5 }").scale == -0.5);

  auto refused = [](const std::string& text) { return refusal("weight = { " + text + " }"); };
  CHECK(refused("distribution = \"nromal\", mean = 0, std = 1") ==
        "e.toml:1:10: weight: distribution must be one of constant, normal, lognormal, uniform, exponential, gamma. Did you mean 'normal'?");
  CHECK(refused("mean = 0") != "");
  CHECK(refused("distribution = \"normal\", mean = 0") == "e.toml:1:10: weight: a normal distribution needs 'std'.");
  CHECK(refused("distribution = \"normal\", std = 1") != "");
  CHECK(refused("distribution = \"uniform\", low = 0") == "e.toml:1:10: weight: a uniform distribution needs 'high'.");
  CHECK(refused("distribution = \"uniform\", low = 0, high = 1, mean = 0.5") != "");
  CHECK(refused("distribution = \"uniform\", low = 1, high = 0") == "e.toml:1:10: weight: low must not be above high.");
  CHECK(refused("distribution = \"normal\", mean = 0, std = -1") == "e.toml:1:10: weight: std must not be negative.");
  CHECK(refused("distribution = \"normal\", mean = -1, std = 1, low = 0") != "");
  CHECK(refused("distribution = \"lognormal\", mean = 0, std = 1") != "");
  CHECK(refused("distribution = \"constant\", mean = 0, std = 1") != "");
  CHECK(refused("distribution = \"exponential\", mean = 1, std = 1") ==
        "e.toml:1:10: weight: the std of an exponential distribution is its mean; leave std out.");
  CHECK(refused("distribution = \"gamma\", mean = 0, std = 1") == "e.toml:1:10: weight: the mean of a gamma distribution must not be 0.");
  CHECK(refused("distribution = \"constant\", mean = 1, distance = \"linear\"") == "e.toml:1:10: weight: distance = \"linear\" needs 'slope'.");
  CHECK(refused("distribution = \"constant\", mean = 1, distance = \"linear\", length = 3") ==
        "e.toml:1:10: weight: 'length' belongs to distance = \"exponential\" or \"gaussian\".");
  CHECK(refused("distribution = \"constant\", mean = 1, distance = \"gaussian\", length = 0") == "e.toml:1:10: weight: length must be above 0 um.");
  CHECK(refused("distribution = \"constant\", mean = 1, slope = 1") == "e.toml:1:10: weight: 'slope' belongs to distance = \"linear\".");
  CHECK(refused("distribution = \"normal\", mean = 0, sdt = 1").find("unknown key 'sdt' of a distribution") != std::string::npos);
  CHECK(refused("distribution = \"normal\", mean = \"1 mV\", std = 1").find("mV is a voltage") != std::string::npos);
}

TEST_CASE("a plugin is chosen by name or by a table with its own parameters") {
  CHECK(read("").as<Everything>().optimizer.by_default == std::string("adam"));
  const Values by_table = read("[optimizer]\nname = \"sgd\"\nmomentum = 0.9");
  CHECK(by_table.as<Everything>().optimizer->values.as<Sgd>().momentum == 0.9);
  const Values by_name = read("optimizer = \"sgd\"");
  CHECK(by_name.as<Everything>().optimizer->values.as<Sgd>().momentum == 0);
  const Values default_one = read("");
  CHECK(default_one.as<Everything>().optimizer->name == "adam");
  CHECK(default_one.as<Everything>().optimizer->values.as<Adam>().beta_1 == 0.9);
  CHECK(refusal("optimizer = \"admn\"") == "e.toml:1:13: optimizer: there is no optimizer called 'admn'; there are: adam, sgd. Did you mean 'adam'?");
  CHECK(refusal("[optimizer]\nname = \"adam\"\nmomentum = 0.9").find("e.toml:3:12: optimizer.momentum: unknown key.") == 0);
  CHECK(refusal("[optimizer]\nmomentum = 0.9") != "");
  CHECK(refusal("optimizer = { name = \"sgd\", momentum = 2 }") == "e.toml:1:40: optimizer.momentum: is 2, and must be between 0 and 1.");
}

TEST_CASE("a list comes from a column of a CSV file, and a bad row is named by its line") {
  const auto folder = std::filesystem::temp_directory_path() / "proxon_schema_test";
  std::filesystem::create_directories(folder);
  auto write = [&](const char* text) { std::ofstream(folder / "rates.csv") << text; };
  const std::string experiment = (folder / "e.toml").string();
  const std::string text = "rates = { file = \"rates.csv\", column = \"rate\" }";

  write("time,rate\n0,1.5\n10,2\n");
  const Values values = read(text, {}, experiment);
  const auto rates = values.as<Everything>().rates;
  CHECK(std::vector<double>(rates.begin(), rates.end()) == std::vector<double>{1.5, 2});

  write("time,rate\n0,1.5\n10,fast\n");
  CHECK(refusal(text, {}, experiment).find("rates.csv:3: 'fast' in column 'rate' is not a number.") != std::string::npos);
  write("time,rate\n0,1.5\n10,-2\n");
  CHECK(refusal(text, {}, experiment).find("rates.csv:3: rate: is -2 Hz, and must be at least 0") != std::string::npos);
  write("time,rate\n0,nan\n");
  CHECK(refusal(text, {}, experiment).find("is not a finite number") != std::string::npos);
  write("time,rate\n0\n");
  CHECK(refusal(text, {}, experiment).find("rates.csv:2: has 1 fields where the header names 2") != std::string::npos);
  write("time,rate\n");
  CHECK(refusal(text, {}, experiment).find("has no rows below its header") != std::string::npos);
  write("");
  CHECK(refusal(text, {}, experiment).find("is empty") != std::string::npos);
  write("time,rates\n0,1\n");
  CHECK(refusal(text, {}, experiment).find("has no column 'rate'") != std::string::npos);
  CHECK(refusal("rates = { file = \"none.csv\", column = \"rate\" }", {}, experiment).find("none.csv: cannot be opened") != std::string::npos);
  CHECK(refusal("rates = { file = \"rates.csv\" }", {}, experiment) != "");
  CHECK(refusal("rates = { file = \"rates.csv\", column = \"rates\", row = 1 }", {}, experiment) != "");
  std::filesystem::remove_all(folder);
}

TEST_CASE("what is not TOML is refused where it stops being it") {
  CHECK(refusal("tau_m = 1\nsize = = 3").find("e.toml:2:8: is not TOML: ") == 0);
  CHECK(refusal("tau_m = 1\ntau_m = 2").find("e.toml:2:") == 0);
  CHECK(refusal("[a\n").find("e.toml:1:") == 0);
  CHECK(refusal("label = \"\xff\xfe\"").find("is not TOML") != std::string::npos);
  Catalog catalog;
  CHECK_THROWS_WITH_AS(Document("/nowhere/e.toml", {}, catalog), "/nowhere/e.toml: cannot be opened for reading. Is the name right?", Error);
  CHECK_THROWS_AS(Document("/", {}, catalog), Error);
}

TEST_CASE("tables come in the order of the file, lists of tables one by one") {
  Catalog catalog;
  Document document("e.toml", "[p.Z]\nsize = 1\n[p.A]\nsize = 2\n[[s]]\nsize = 3\n[[s]]\nsize = 4\n", {}, catalog);
  Table root = document.root();
  auto named = root.tables("p");
  REQUIRE(named.size() == 2);
  CHECK(named[0].first == "Z");
  CHECK(named[1].second.read<Everything>().as<Everything>().size == 2);
  auto list = root.list("s");
  REQUIRE(list.size() == 2);
  CHECK(list[1].read<Everything>().as<Everything>().size == 4);
  CHECK(root.list("none").empty());
  CHECK(root.tables("none").empty());
  CHECK_THROWS_AS(root.finish(), Error);  // p.Z was never read
  named[0].second.read<Everything>();
  list[0].read<Everything>();
  CHECK_NOTHROW(root.finish());
}

TEST_CASE("initial states may be numbers or distributions, only those that are given") {
  Catalog catalog;
  Document document("e.toml", "[state]\ntau_m = { distribution = \"uniform\", low = \"1 s\", high = 2000 }\nnoise = 0.25\n", {}, catalog);
  Table root = document.root();
  const auto given = root.table("state").read_distributions(schema_of<Everything>());
  root.finish();
  REQUIRE(given.size() == 2);
  CHECK(std::string(given[0].first->name) == "tau_m");
  CHECK(given[0].second.low == 1000);
  CHECK(given[1].second.mean == 0.25);
}
