// The road, stage by stage: network -> simulate -> dataset -> fit -> evaluate -> report. Each stage takes what it needs from the archive
// that the one before it left, so that a run can begin at any of them; each prints one line. Ctrl-C ends a stage at a safe place.
#pragma once
#include "proxon/experiment/settings.hpp"

namespace proxon {

/// The stages that a person can name; the network is made by `simulate`, the dataset by `fit` and `evaluate`.
enum class Stage { simulate, fit, evaluate, report };

/// "simulate,fit" -> stages, in the order of the road. Throws Error with the nearest name.
std::vector<Stage> parse_stages(std::string_view text);

struct RunOptions {
  std::string archive;        ///< the file that the stages write and read
  std::string report;         ///< HTML; "" puts it beside the archive
  std::vector<Stage> stages;  ///< in order
  bool overwrite = false;     ///< simulate may replace an archive that is there
  bool resume = false;        ///< simulate goes on from the checkpoint in the archive; fit too, where there is one
  std::string fit_basis;      ///< of the experiment (meaning.hpp), which a checkpoint of the fit must have in common; "": the fit leaves none
  bool quiet = false;         ///< figures are not printed
  bool all_threads = false;   ///< SimulationOptions::all_threads: the number of threads was asked for
};

/// Runs the stages. Throws Error, or Interrupted. Whatever happens, an archive that is left is whole: simulate puts back the archive that it
/// would have replaced when it fails; later stages leave what the earlier ones wrote.
void run(Experiment& experiment, const RunOptions& options);

/// The report, which needs nothing but the archive.
void run_report(const RunOptions& options);

}  // namespace proxon
