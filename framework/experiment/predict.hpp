// The twin of an archive, put to use: what it says to input that it has not seen.
#pragma once
#include <string>

#include "proxon/experiment/settings.hpp"

namespace proxon {

/// The file of each of the twin's tables of inputs, in their order: `inputs` is the one file, or "NAME=FILE" for each table. Throws Error with one sentence.
std::vector<std::string> input_files(const Experiment& experiment, const std::vector<std::string>& inputs);

/// Reads a CSV file whose columns are the twin's input channels (by their names, in their own units; a row a bin; others are passed over), lets
/// the twin of `reader`'s archive go over it from rest, and writes a CSV file: the time of each row's bin in ms, and a column a target channel,
/// in its own unit. Returns how many rows it wrote. Throws Error with one sentence.
/// A twin of labelled samples takes, of each table of inputs, a file that its reader reads, and writes a row a sample, or a row a step of it: numbers of
/// sample and row, the class that is told of each target that has classes, and a column a channel.
int64_t predict_file(const Experiment& experiment, const archive::Reader& reader, const std::vector<std::string>& files, const std::string& output);

}  // namespace proxon
