// The verbs of the command line. Each is declared once: name, arguments, one sentence, options; help, errors, completion of misspelt names
// and docs/reference/cli.md come from it.
#pragma once
#include <boost/program_options.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace proxon::cli {

namespace po = boost::program_options;

/// What a verb is called with.
struct Call {
  std::vector<std::string> arguments;  ///< positional ones
  po::variables_map options;

  bool has(const char* name) const { return options.count(name) > 0; }
  std::string text(const char* name) const { return has(name) ? options[name].as<std::string>() : ""; }
};

struct Verb {
  std::string name;       ///< "plugin list"
  std::string arguments;  ///< "KIND NAME"
  std::string summary;    ///< one sentence
  std::string details;    ///< more, for `proxon VERB --help`; may be empty
  int least = 0, most = 0;  ///< number of positional arguments
  po::options_description options;
  std::function<int(const Call&)> run;
  bool on_ranks = false;  ///< may be started by mpirun
};

const std::vector<Verb>& verbs();

std::vector<Verb> run_verbs();      ///< run, simulate, fit, evaluate, report, describe
std::vector<Verb> plugin_verbs();   ///< plugin list, describe, check, new
std::vector<Verb> archive_verbs();  ///< archive info, check, recover
std::vector<Verb> sweep_verbs();    ///< sweep, sweep status, best, show, retry, export, report
std::vector<Verb> predict_verbs();  ///< predict
std::vector<Verb> export_verbs();   ///< export
std::vector<Verb> reference_verbs();

/// Throws Error when `path` cannot be written to: it is one of the files that the command reads, or something else than a file. `option` is what
/// the person named it with.
void check_no_input(const std::string& path, std::span<const std::string> inputs, std::string_view option = "--output");
/// The same, and when it is there and may not be replaced.
void check_output(const std::string& path, bool overwrite, std::span<const std::string> inputs, std::string_view option = "--output");

std::string help();
std::string help(const Verb& verb);

}  // namespace proxon::cli
