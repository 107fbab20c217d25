// A parameter of a type that an experiment file cannot give.
#include <proxon/schema/field.hpp>


struct Parameters {
#ifdef WRONG
  unsigned long steps = 3;
#else
  int64_t steps = 3;
#endif
  static constexpr auto fields() { return std::tuple{proxon::field<&Parameters::steps>("1", "steps")}; }
};

const proxon::SchemaInfo& schema = proxon::schema_of<Parameters>();
