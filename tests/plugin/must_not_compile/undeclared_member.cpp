// A parameter that is left out of the declaration.
#include <proxon/schema/field.hpp>

struct Parameters {
  double tau_m = 10;
#ifdef WRONG
  double V_th = -55;
#endif
  static constexpr auto fields() { return std::tuple{proxon::field<&Parameters::tau_m>("ms", "membrane time constant")}; }
};

const proxon::SchemaInfo& schema = proxon::schema_of<Parameters>();
