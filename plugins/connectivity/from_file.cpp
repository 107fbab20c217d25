#include <proxon/plugin/connectivity.hpp>
#include <stdexcept>

using namespace proxon;

struct from_file {
  static constexpr Documentation about{
      .summary =
          "The synapses that a file lists, with its weights (times weight_scale) and delays where it has them; a "
          "weight that it "
          "lacks is drawn from the projection's distribution, a delay that it lacks is the projection's."};
  static constexpr Axis axis = Axis::listed;

  struct Parameters {
    std::string_view file = "";
    PluginRef reader{"csv"};
    int64_t first_source = 0;
    int64_t first_target = 0;
    std::string_view outside = "error";
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{
          field<&P::file>("1", "file that lists the edges", required, file_name),
          field<&P::reader>("1", "how the file is read", plugin_of("reader")),
          field<&P::first_source>(
              "1", "number that the file gives to the source population's neuron 0, where it has numbers"),
          field<&P::first_target>(
              "1", "number that the file gives to the target population's neuron 0, where it has numbers"),
          field<&P::outside>("1", "what to do with an edge whose ends are not in the two populations",
                             one_of("error|skip"))};
    }
  };

  from_file(const Parameters& p, const ConnectivitySetup&) {
    if (p.file.empty()) throw std::invalid_argument("needs the name of a file: file = \"edges.csv\"");
  }
};

PROXON_PLUGIN(connectivity, from_file, from_file)
