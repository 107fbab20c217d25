#include "proxon/schema/values.hpp"

#include "example.hpp"

using namespace example;

namespace {
Entry entry(const Values& values, const std::string& name) {
  for (Entry e : values.entries())
    if (e.name == name) return e;
  FAIL("no entry ", name);
  return {};
}
}  // namespace

TEST_CASE("entries list every parameter in its order with value, unit, meaning and whether it is the default") {
  const Values values = read("tau_m = \"0.02 s\"\nlayers = [3, 4]\nnames = [\"a\"]\nrates = [0.5]\noptimizer = { name = \"sgd\", momentum = 0.5 }\n"
                             "weight = { distribution = \"normal\", mean = 1, std = 0.5, low = 0 }\nseed = 12345678901");
  const auto entries = values.entries();
  REQUIRE(entries.size() == 17);  // 15 fields and the two of the chosen plugin
  CHECK(entries[0].name == "tau_m");
  CHECK(entries[0].value == "20");
  CHECK(entries[0].number == 20);
  CHECK(entries[0].is_number);
  CHECK(entries[0].unit == "ms");
  CHECK(entries[0].meaning == "membrane time constant");
  CHECK_FALSE(entries[0].is_default);
  CHECK(entry(values, "w_max").is_default);
  CHECK(entry(values, "seed").value == "12345678901");
  CHECK(entry(values, "bias").value == "true");
  CHECK(entry(values, "activation").value == "tanh");
  CHECK(entry(values, "activation").unit.empty());
  CHECK(entry(values, "layers").value == "[3, 4]");
  CHECK(entry(values, "names").value == "[a]");
  CHECK(entry(values, "rates").value == "[0.5]");
  CHECK(entry(values, "rates").unit == "Hz");
  CHECK(entry(values, "weight").value == "normal(mean 1, std 0.5, low 0)");
  CHECK_FALSE(entry(values, "weight").is_number);
  CHECK(entry(values, "optimizer").value == "sgd");
  CHECK_FALSE(entry(values, "optimizer").is_default);
  CHECK(entry(values, "optimizer.momentum").value == "0.5");
  CHECK(entry(values, "optimizer.learning_rate").is_default);
}

TEST_CASE("the default of a plugin parameter is listed as a default") {
  const Values values = read("");
  CHECK(entry(values, "optimizer").value == "adam");
  CHECK(entry(values, "optimizer").is_default);
  for (const Entry& e : values.entries()) CHECK_MESSAGE(e.is_default, e.name);
}

TEST_CASE("numbers are written so that they read back as the same number") {
  for (const double x : {0.1, 1.0 / 3, 1e-300, -2.5e17, 123456789.125, 5e-324}) CHECK(std::strtod(number_text(x).c_str(), nullptr) == x);
  CHECK(number_text(20) == "20");
  CHECK(distribution_text(Distribution::constant(0.5)) == "0.5");
  CHECK(distribution_text({.kind = DistributionKind::uniform, .low = 0, .high = 1}) == "uniform(low 0, high 1)");
}

TEST_CASE("values live as long as any copy of them") {
  Values copy;
  {
    const Values values = read("label = \"a text that is too long for any small buffer to keep\"\nnames = [\"x\", \"y\"]");
    copy = values;
  }
  CHECK(copy.as<Everything>().label == "a text that is too long for any small buffer to keep");
  CHECK(copy.as<Everything>().names[1] == "y");
  CHECK(copy.as<Everything>().optimizer->name == "adam");
}

TEST_CASE("help says type and default of every field") {
  const SchemaInfo& schema = schema_of<Everything>();
  const auto fields = schema.list();
  CHECK(default_text(schema, fields[0]) == "10");
  CHECK(default_text(schema, fields[6]) == "none");
  CHECK(default_text(schema, fields[12]) == "adam");
  CHECK(type_text(fields[0]) == "number");
  CHECK(type_text(fields[5]) == "one of tanh|relu|linear");
  CHECK(type_text(fields[7]) == "file name");
  for (const FieldInfo& field : fields) CHECK_FALSE(type_text(field).empty());
}

TEST_CASE("values are taken as the struct that they were made from, and as no other") {
  const Values values = read("");
  CHECK_THROWS_AS(values.as<Adam>(), std::logic_error);
  CHECK(values.find("tau_m") == &schema_of<Everything>().fields[0]);
  CHECK(values.find("tau") == nullptr);
}
