// Values of declared parameters, on the framework's side: a struct of plain data with what its views point at. Made from an experiment
// file (document.hpp) or by hand; lists itself for help, docs and archives.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "proxon/base/error.hpp"
#include "proxon/schema/field.hpp"

namespace proxon {

struct PluginInfo;

/// A value as a person reads it: what archives keep as attributes, and `describe` prints.
struct Entry {
  std::string name;     ///< "tau_m"; of a nested plugin "optimizer.learning_rate"
  std::string value;    ///< "20", "true", "[1, 2]", "normal(mean 0.1, std 0.02)"
  std::string unit;     ///< "ms"; "1" for pure numbers; "" for texts
  std::string meaning;
  std::vector<std::string> texts;  ///< of a list of texts
  bool is_number = false;
  double number = 0;
  bool is_default = false;
};

/// The values of one declared struct.
class Values {
 public:
  Values() = default;
  /// All at their defaults.
  explicit Values(const SchemaInfo& schema);

  const SchemaInfo& schema() const { return *schema_; }
  /// The struct itself; valid as long as this object or a copy of it lives.
  const void* data() const { return bytes_.get(); }
  /// The struct as T; T's declaration must be the schema that these values were made from.
  template <Declared T>
  const T& as() const {
    PROXON_CHECK(schema_ == &schema_of<T>());
    return *reinterpret_cast<const T*>(bytes_.get());
  }

  void set(const FieldInfo& field, double value);
  void set(const FieldInfo& field, int64_t value);
  void set(const FieldInfo& field, bool value);
  void set(const FieldInfo& field, std::string value);
  void set(const FieldInfo& field, std::vector<double> value);
  void set(const FieldInfo& field, std::vector<int64_t> value);
  void set(const FieldInfo& field, std::vector<std::string> value);
  void set(const FieldInfo& field, const Distribution& value);
  void set(const FieldInfo& field, PluginValue value);

  /// The field of that name; null when there is none.
  const FieldInfo* find(std::string_view name) const;

  /// All values in the order of their declaration, those of chosen plugins below them.
  std::vector<Entry> entries() const;

 private:
  template <class T>
  T& at(const FieldInfo& field) {
    return *reinterpret_cast<T*>(reinterpret_cast<char*>(bytes_.get()) + field.offset);
  }
  template <class T>
  const T& at(const FieldInfo& field) const {
    return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(bytes_.get()) + field.offset);
  }
  template <class T>
  const T* keep(T value);

  const SchemaInfo* schema_ = nullptr;
  std::shared_ptr<std::max_align_t[]> bytes_;
  std::shared_ptr<std::vector<std::shared_ptr<const void>>> kept_;
};

/// What a PluginRef points at.
struct PluginValue {
  std::string kind, name;
  const PluginInfo* plugin = nullptr;
  Values values;
};

/// "above 0", "between 0 and 1", "" when unbounded.
std::string bounds_text(const FieldInfo& field);
/// "real", "whole number", "list of reals", ...
std::string type_text(const FieldInfo& field);
/// The default as a person writes it; "required" where there is none.
std::string default_text(const SchemaInfo& schema, const FieldInfo& field);
/// Why `value` is out of bounds; "" when it is not.
std::string out_of_bounds(const FieldInfo& field, double value);
/// Shortest text that reads back as the same number.
std::string number_text(double value);
std::string distribution_text(const Distribution& distribution);

}  // namespace proxon
