#include "proxon/schema/constants.hpp"

#include <muParser.h>

#include <cmath>
#include <functional>
#include <set>

#include "proxon/base/error.hpp"

namespace proxon {
namespace {

using Position = std::function<std::string(const std::string& path, const toml::node& node)>;

/// What stands behind the '=', or null where the text is no expression.
const char* expression_in(const toml::node& node) {
  const auto* text = node.as_string();
  return text && text->get().starts_with('=') ? text->get().c_str() + 1 : nullptr;
}

class Constants {
 public:
  Constants(toml::table table, const Position& position) : table_(std::move(table)), position_(position) {
    for (mu::Parser* parser : {&parser_, &reader_}) {
      parser->DefineFun("round", +[](double x) { return std::round(x); });
      parser->DefineFun("floor", +[](double x) { return std::floor(x); });
      parser->DefineFun("ceil", +[](double x) { return std::ceil(x); });
    }
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (!node.is_number() && !expression_in(node))
        fail("{}: must be a number, or an expression such as \"= 2 * J\".", where(name));
      names_.insert(name);
    }
  }

  double evaluate(const std::string& expression, const std::string& at) {
    for (const std::string& name : used_in(expression, at)) value(name, at);
    double result = 0;
    try {
      parser_.SetExpr(expression);
      result = parser_.Eval();
    } catch (const mu::Parser::exception_type& error) {
      fail("{}: '={}' is not an expression: {}.", at, expression, message(error));
    }
    if (!std::isfinite(result)) fail("{}: '={}' is {}, not a finite number.", at, expression, result);
    return result;
  }

  void all_must_be_used() const {
    for (const std::string& name : names_)
      if (!used_.contains(name)) fail("{}: nothing uses this constant.{}", where(name), did_you_mean(name, used_));
  }

  const std::map<std::string, double>& values() const { return values_; }

 private:
  std::string where(const std::string& name) const { return position_("constants." + name, *table_.get(name)); }

  static std::string message(const mu::Parser::exception_type& error) {
    std::string text = error.GetMsg();
    while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
    return text;
  }

  /// The constants that an expression needs.
  std::set<std::string> used_in(const std::string& expression, const std::string& at) {
    std::set<std::string> found;
    try {
      reader_.SetExpr(expression);
      for (const auto& [name, unused] : reader_.GetUsedVar()) found.insert(name);
    } catch (const mu::Parser::exception_type& error) {
      fail("{}: '={}' is not an expression: {}.", at, expression, message(error));
    }
    for (const std::string& name : found)
      if (!names_.contains(name)) fail("{}: [constants] has no '{}'.{}", at, name, did_you_mean(name, names_));
    used_.insert(found.begin(), found.end());
    return found;
  }

  void value(const std::string& name, const std::string& at) {
    if (values_.contains(name)) return;
    if (!under_way_.insert(name).second) fail("{}: the constant '{}' depends on itself.", at, name);
    const toml::node& node = *table_.get(name);
    const char* expression = expression_in(node);
    const double value = expression ? evaluate(expression, where(name)) : *node.value<double>();
    values_[name] = value;
    parser_.DefineConst(name, value);
  }

  toml::table table_;
  const Position& position_;
  mu::Parser parser_, reader_;  // the second one knows no constant: it is asked which ones an expression names
  std::set<std::string> names_, used_, under_way_;
  std::map<std::string, double> values_;
};

void walk(toml::node& node, const std::string& path, Constants& constants, std::map<std::string, std::string>& places, const Position& position) {
  const auto visit = [&](toml::node& child, const std::string& child_path, auto&& replace) {
    const char* expression = expression_in(child);
    if (!expression) return walk(child, child_path, constants, places, position);
    const std::string at = position(child_path, child);
    places[child_path] = at;
    const double value = constants.evaluate(expression, at);
    if (value == std::trunc(value) && std::fabs(value) < 9e15)
      replace(static_cast<int64_t>(value));  // sizes and counts need a whole number
    else
      replace(value);
  };
  if (auto* table = node.as_table()) {
    for (auto&& [key, child] : *table) {
      const std::string name(key.str());
      visit(child, path.empty() ? name : path + "." + name, [&](auto value) { table->insert_or_assign(name, value); });
    }
  } else if (auto* array = node.as_array()) {
    for (size_t i = 0; i < array->size(); ++i)
      visit((*array)[i], fmt::format("{}.{}", path, i), [&](auto value) { array->replace(array->cbegin() + static_cast<ptrdiff_t>(i), value); });
  }
}

}  // namespace

std::map<std::string, double> evaluate_constants(toml::table& root, std::map<std::string, std::string>& places, const Position& position) {
  toml::table table;
  if (toml::node* node = root.get("constants")) {
    if (!node->is_table()) fail("{}: must be a table of numbers.", position("constants", *node));
    table = std::move(*node->as_table());
    root.erase("constants");
  }
  Constants constants(std::move(table), position);
  walk(root, "", constants, places, position);
  constants.all_must_be_used();
  return constants.values();
}

}  // namespace proxon
