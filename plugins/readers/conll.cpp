#include <proxon/plugin/reader.hpp>

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace proxon;

struct conll {
  static constexpr Documentation about{
      .summary = "Reads sentences from a file of columns, a token a line with its tags beside it, as the shared tasks of CoNLL have them; lines without "
                 "text part the sentences.",
      .reference = "Tjong Kim Sang & De Meulder 2003, CoNLL-2003, doi:10.3115/1119176.1119195"};

  struct Parameters {
    std::string_view separator = "\t";
    std::string_view comment = "";
    int64_t columns = 0;
    int64_t most = 0;
    static constexpr auto fields() {
      using P = Parameters;
      return std::tuple{field<&P::separator>("", "character that parts the columns"),
                        field<&P::comment>("", "what a line begins with that is passed over (\"#\"); empty: no line is"),
                        field<&P::columns>("1", "columns that every line must have, further ones being passed over; 0: as many as the first line has", at_least(0)),
                        field<&P::most>("1", "number of sentences after which the rest of a file is left unread; 0: all", at_least(0))};
    }
  };

  std::string_view separator, comment;
  int64_t columns, most;

  conll(const Parameters& p, const ReaderSetup&) : separator(p.separator), comment(p.comment), columns(p.columns), most(p.most) {
    if (separator.size() != 1) throw std::invalid_argument("separator must be one character");
  }

  void samples(const char* path, SampleSink& sink) const {
    std::ifstream in(path);
    if (!in) throw std::runtime_error(std::string(path) + ": cannot be opened for reading.");
    int64_t line = 0, sentences = 0, wanted = columns;
    bool open = false;
    std::vector<std::string_view> fields;
    for (std::string text; std::getline(in, text);) {
      ++line;
      if (!text.empty() && text.back() == '\r') text.pop_back();
      if (!comment.empty() && text.starts_with(comment)) continue;
      if (text.find_first_not_of(" \t") == std::string::npos) {
        sentences += open;
        open = false;
        sink.end_sample();
        if (most > 0 && sentences >= most) return;
        continue;
      }
      fields.clear();
      const std::string_view whole = text;
      for (size_t begin = 0; (wanted == 0 || int64_t(fields.size()) < wanted) && begin <= whole.size();) {
        const size_t end = std::min(whole.find(separator[0], begin), whole.size());
        fields.push_back(whole.substr(begin, end - begin));
        begin = end + 1;
      }
      const std::string where = std::string(path) + ":" + std::to_string(line);
      if (wanted == 0) wanted = int64_t(fields.size());
      if (int64_t(fields.size()) < wanted)
        throw std::runtime_error(where + ": has " + std::to_string(fields.size()) + (fields.size() == 1 ? " column" : " columns") + " where " +
                                 std::to_string(wanted) + " belong.");
      for (size_t c = 0; c < fields.size(); ++c)
        if (fields[c].empty()) throw std::runtime_error(where + ": column " + std::to_string(c) + " is empty.");
      sink.texts(fields, line);
      open = true;
    }
    sink.end_sample();
  }
};

PROXON_PLUGIN(reader, conll, conll)
