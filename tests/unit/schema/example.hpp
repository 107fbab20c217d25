// A declaration with one field of every type, a catalog of two made-up plugins, and a short way to read text with them: what the tests
// of this folder share.
#pragma once
#include <doctest/doctest.h>

#include "proxon/plugin/interface.hpp"
#include "proxon/schema/document.hpp"

namespace example {

using namespace proxon;

struct Adam {
  double learning_rate = 0.001;
  double beta_1 = 0.9;
  static constexpr auto fields() {
    return std::tuple{field<&Adam::learning_rate>("1", "step of the weights", above(0)),
                      field<&Adam::beta_1>("1", "decay of the mean gradient", at_least(0), below(1))};
  }
};

struct Sgd {
  double learning_rate = 0.01;
  double momentum = 0;
  static constexpr auto fields() {
    return std::tuple{field<&Sgd::learning_rate>("1", "step of the weights", above(0)),
                      field<&Sgd::momentum>("1", "share of the last step that is kept", between(0, 1))};
  }
};

class Catalog : public PluginCatalog {
 public:
  const PluginInfo& find(std::string_view kind, std::string_view name) override {
    static const PluginInfo adam{"optimizer", "adam", {"Adam."}, &schema_of<Adam>(), nullptr};
    static const PluginInfo sgd{"optimizer", "sgd", {"Gradient descent."}, &schema_of<Sgd>(), nullptr};
    if (kind == "optimizer" && name == "adam") return adam;
    if (kind == "optimizer" && name == "sgd") return sgd;
    fail("there is no {} called '{}'; there are: adam, sgd.{}", kind, name, did_you_mean(name, std::vector<std::string>{"adam", "sgd"}));
  }
  const SchemaInfo& parameters(const PluginInfo& plugin) const override { return *plugin.parameters; }
};

struct Everything {
  double tau_m = 10;
  float w_max = 1;
  int64_t seed = 1;
  int32_t size = 100;
  bool bias = true;
  std::string_view activation = "tanh";
  std::string_view label = "";
  std::string_view edges = "";
  std::span<const double> rates;
  std::span<const int64_t> layers;
  std::span<const std::string_view> names;
  Distribution weight = Distribution::constant(0.5);
  PluginRef optimizer{"adam"};
  double probability = 0.5;
  double noise = 0.5;
  static constexpr auto fields() {
    using E = Everything;
    return std::tuple{field<&E::tau_m>("ms", "membrane time constant", above(0)),
                      field<&E::w_max>("1", "highest weight"),
                      field<&E::seed>("1", "seed"),
                      field<&E::size>("1", "number of neurons", at_least(1), at_most(1000)),
                      field<&E::bias>("1", "whether there is a bias"),
                      field<&E::activation>("1", "activation", one_of("tanh|relu|linear")),
                      field<&E::label>("1", "free text"),
                      field<&E::edges>("1", "file of the edges", file_name),
                      field<&E::rates>("Hz", "rates", at_least(0)),
                      field<&E::layers>("1", "sizes of the layers", at_least(1)),
                      field<&E::names>("1", "names"),
                      field<&E::weight>("pA", "synaptic weight"),
                      field<&E::optimizer>("1", "optimizer", plugin_of("optimizer")),
                      field<&E::probability>("1", "probability", between(0, 1)),
                      field<&E::noise>("1", "noise", above(0), below(1))};
  }
};

/// The values read from one file's text, all of whose keys must be known.
inline Values read(const std::string& text, const std::vector<std::string>& overrides = {}, const std::string& path = "e.toml") {
  Catalog catalog;
  Document document(path, text, overrides, catalog);
  Table root = document.root();
  Values values = root.read<Everything>();
  root.finish();
  return values;
}

/// What reading says, "" when it takes the text.
inline std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}, const std::string& path = "e.toml") {
  try {
    read(text, overrides, path);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace example
