// Comma separated values, read a line at a time (RFC 4180: quoted fields, doubled quotes, CRLF; also ';', tab or spaces as separators), and a field
// as it is written.
// Fields are stripped of the blanks around them; lines that begin with a character of one's choice are passed over. Read by plugins: standard
// library only; throws std::runtime_error.
#pragma once
#include <cmath>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace proxon {

/// A field as it is written between commas: quoted where it holds a comma, a quote or a line's end.
inline std::string csv_cell(std::string text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  for (size_t i = 0; (i = text.find('"', i)) != std::string::npos; i += 2) text.insert(i, 1, '"');
  return "\"" + text + "\"";
}

/// Reads records from a file.
///
///   CsvFile file("edges.csv", ',');
///   const size_t weight = file.column("Weight");
///   for (std::vector<std::string> row; file.next(row);) use(row[weight], file.line());
class CsvFile {
 public:
  /// Opens the file and reads its header line. `separator` ' ' means any number of blanks (as in SONATA's tables); `comment` is what lines begin
  /// with that say nothing, 0 where there are none.
  explicit CsvFile(const std::string& path, char separator = ',', bool header = true, char comment = 0)
      : path_(path), separator_(separator), comment_(comment), in_(path) {
    if (!in_) throw std::runtime_error(path + ": cannot be opened for reading.");
    if (header && !next(header_)) throw std::runtime_error(path + ": is empty; a first line that names the columns was expected.");
  }

  const std::vector<std::string>& header() const { return header_; }
  int64_t line() const { return line_; }

  /// "path:line", for messages.
  std::string where() const { return path_ + ":" + std::to_string(line_); }

  /// Position of a named column.
  size_t column(std::string_view name) const {
    for (size_t i = 0; i < header_.size(); ++i)
      if (header_[i] == name) return i;
    std::string names;
    for (const std::string& known : header_) names += (names.empty() ? "" : ", ") + known;
    throw std::runtime_error(path_ + ":1: has no column '" + std::string(name) + "'; its columns are: " + names + ".");
  }

  /// The next record; false at the end. Empty lines are passed over; a record of another width than the header's is an error.
  bool next(std::vector<std::string>& row) {
    std::string text;
    while (std::getline(in_, text)) {
      ++line_;
      if (line_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // the mark with which spreadsheets begin UTF-8
      if (!text.empty() && text.back() == '\r') text.pop_back();
      const size_t begin = text.find_first_not_of(" \t");
      if (begin == std::string::npos || (comment_ && text[begin] == comment_)) continue;
      split(text, row);
      if (!header_.empty() && row.size() != header_.size())
        throw std::runtime_error(where() + ": has " + std::to_string(row.size()) + " fields where the header names " +
                                 std::to_string(header_.size()) + ".");
      return true;
    }
    return false;
  }

  /// The number in a field, or an error that names line and column; it is finite.
  double number(const std::vector<std::string>& row, size_t column) const {
    const std::string& field = row[column];
    size_t used = 0;
    double value = 0;
    try {
      value = std::stod(field, &used);
    } catch (const std::exception&) {
    }
    const bool is_number = used != 0 && used == field.size();
    if (!is_number || !std::isfinite(value))
      throw std::runtime_error(where() + ": '" + field + "' in column '" + (column < header_.size() ? header_[column] : std::to_string(column + 1)) +
                               (is_number ? "' is not a finite number." : "' is not a number."));
    return value;
  }

 private:
  void split(std::string_view text, std::vector<std::string>& row) const {
    row.clear();
    size_t i = 0;
    while (true) {
      if (separator_ == ' ')
        while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) ++i;
      if (separator_ == ' ' && i == text.size()) return;
      std::string field;
      size_t keep = 0;  // quoted blanks stay
      while (i < text.size() && separator_ != ' ' && separator_ != '\t' && text[i] == ' ') ++i;
      if (i < text.size() && text[i] == '"') {
        for (++i; i < text.size(); ++i) {
          if (text[i] != '"')
            field += text[i];
          else if (i + 1 < text.size() && text[i + 1] == '"')
            field += text[i++];
          else
            break;
        }
        if (i == text.size()) throw std::runtime_error(where() + ": a quoted field is not closed.");
        ++i;
        keep = field.size();
      }
      while (i < text.size() && text[i] != separator_ && !(separator_ == ' ' && text[i] == '\t')) field += text[i++];
      while (field.size() > keep && (field.back() == ' ' || field.back() == '\t')) field.pop_back();
      row.push_back(std::move(field));
      if (i >= text.size()) return;
      ++i;
    }
  }

  std::string path_;
  char separator_, comment_;
  std::ifstream in_;
  int64_t line_ = 0;
  std::vector<std::string> header_;
};

}  // namespace proxon
