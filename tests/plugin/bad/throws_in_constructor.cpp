// Refuses its parameters: with a sentence where `plain` is true, with a number where it is false.
#include <proxon/plugin/synapse.hpp>

#include <stdexcept>

using namespace proxon;

struct ThrowsInConstructor {
  static constexpr Documentation about{.summary = "Cannot be made."};
  struct Parameters {
    bool plain = true;
    static constexpr auto fields() { return std::tuple{field<&Parameters::plain>("1", "whether it throws a std::exception")}; }
  };
  ThrowsInConstructor(const Parameters& p, const Step&) {
    if (p.plain) throw std::invalid_argument("U must lie below tau_rec");
    throw 42;
  }
  float transmit(float w) const { return w; }
};

PROXON_PLUGIN(synapse, throws_in_constructor, ThrowsInConstructor)
