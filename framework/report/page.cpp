#include "proxon/report/page.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include "proxon/base/error.hpp"
#include "proxon/base/part_file.hpp"
#include "proxon/report/assets.hpp"
#include "proxon/report/charts.hpp"
#include "proxon/report/thinning.hpp"

namespace proxon::report {
namespace {

constexpr std::string_view document_type = "<!DOCTYPE html>";

std::string escaped(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// Letters and digits of the heading, for a readable address; the section number in front makes it unique.
std::string anchor(std::size_t number, std::string_view heading) {
  std::string id = std::to_string(number);
  bool gap = true;
  for (const char c : heading) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool kept = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (kept && gap) id += '-';
    if (kept) id += lower;
    gap = !kept;
  }
  return id;
}

std::string paragraphs(std::string_view text) {
  std::string html;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    if (text.substr(0, end).find_first_not_of(" \n\t") != std::string_view::npos) {
      html += "<p>" + escaped(text.substr(0, end)) + "</p>\n";
    }
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return html;
}

bool is_number(const Cell& cell) { return cell.value.index() >= 2; }
bool is_filled(const Cell& cell) { return cell.value.index() != 0; }

/// Without the zeros that only a column of numbers needs: 20 for 20.00.
std::string plain(const Cell& cell) {
  std::string text = shown(cell);
  if (!std::holds_alternative<double>(cell.value) || text.find('.') == std::string::npos ||
      text.find('e') != std::string::npos) {
    return text;
  }
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// Writes blocks, and gathers the data of the charts on the way.
class Writer {
 public:
  std::string operator()(const Facts& block) {
    std::string html = fmt::format("<dl class=\"facts{}\">", block.large ? " large" : "");
    for (const auto& fact : block.facts) {
      const std::string unit =
          fact.unit.empty() ? "" : fmt::format(" <span class=\"unit\">{}</span>", escaped(fact.unit));
      html += fmt::format("<div><dt>{}</dt><dd>{}{}</dd></div>", escaped(fact.name), escaped(plain(fact.value)), unit);
    }
    return figure(block.title, block.caption, block.facts.empty() ? no_data : html + "</dl>",
                  block.large ? "wide plain" : "");
  }

  std::string operator()(const Table& block) {
    if (block.rows.empty()) return figure(block.title, block.caption, no_data, "wide");

    // A column of numbers is set to the right; one of short texts is not wrapped.
    constexpr std::size_t short_text = 24;
    std::vector<const char*> open(block.columns.size());
    for (std::size_t c = 0; c < block.columns.size(); ++c) {
      bool numeric = true, filled = false, brief = true;
      for (const auto& row : block.rows) {
        PROXON_CHECK(row.size() == block.columns.size(), "table '{}': a row of {} cells, {} columns", block.title,
                     row.size(), block.columns.size());
        filled = filled || is_filled(row[c]);
        numeric = numeric && (is_number(row[c]) || !is_filled(row[c]));
        brief = brief && shown(row[c]).size() <= short_text;
      }
      open[c] = numeric && filled ? " class=\"number\">" : brief ? " class=\"short\">" : ">";
    }

    std::string html = "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>";
    for (std::size_t c = 0; c < block.columns.size(); ++c) {
      const auto& column = block.columns[c];
      const std::string unit =
          column.unit.empty() ? "" : fmt::format(" <span class=\"unit\">({})</span>", escaped(column.unit));
      html += fmt::format("<th scope=\"col\"{}{}{}</th>", open[c], escaped(column.name), unit);
    }
    html += "</tr></thead><tbody>\n";
    for (const auto& row : block.rows) {
      html += "<tr>";
      for (std::size_t c = 0; c < row.size(); ++c) html += fmt::format("<td{}{}</td>", open[c], escaped(shown(row[c])));
      html += "</tr>\n";
    }
    return figure(block.title, block.caption, html + "</tbody></table></div>", "wide");
  }

  std::string operator()(const Code& block) {
    const std::string html = fmt::format("<details{}><summary>{}</summary><pre>{}</pre></details>",
                                         block.open ? " open" : "", escaped(block.title), escaped(block.text));
    return figure("", block.caption, html, "wide");
  }

  /// All charts.
  template <class Chart>
  std::string operator()(const Chart& block) {
    Drawing drawing = draw(block);
    std::string notes;
    for (const auto& note : drawing.notes) notes += (notes.empty() ? "" : " ") + note;
    const char* width = block.wide ? "wide" : "";
    if (drawing.empty) return figure(block.title, block.caption, no_data, width, notes);

    const std::string label = block.title + (block.title.empty() || block.caption.empty() ? "" : ". ") + block.caption;
    const std::string html =
        fmt::format("<div class=\"plot {}\"><canvas data-chart=\"{}\" role=\"img\" aria-label=\"{}\"></canvas></div>",
                    drawing.data["kind"].get<std::string>(), charts_.size(), escaped(label));
    charts_.push_back(std::move(drawing.data));
    return figure(block.title, block.caption, html, width, notes);
  }

  /// The data of the charts for a script element: no "<", so that no text in it can end the element.
  std::string data() const {
    const std::string json = charts_.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    std::string safe;
    safe.reserve(json.size());
    for (const char c : json) {
      if (c == '<') {
        safe += "\\u003c";
      } else {
        safe += c;
      }
    }
    return safe;
  }

 private:
  static constexpr const char* no_data = "<p class=\"none\">No data</p>";

  static std::string figure(const std::string& title, const std::string& caption, const std::string& body,
                            const std::string& kind, const std::string& notes = "") {
    std::string html = fmt::format("<figure class=\"{}\">", kind);
    if (!title.empty()) html += "<h3>" + escaped(title) + "</h3>";
    html += body;
    if (!caption.empty() || !notes.empty()) {
      html += "<figcaption>" + escaped(caption);
      if (!notes.empty())
        html += fmt::format("{}<span class=\"note\">{}</span>", caption.empty() ? "" : " ", escaped(notes));
      html += "</figcaption>";
    }
    return html + "</figure>\n";
  }

  nlohmann::ordered_json charts_ = nlohmann::ordered_json::array();
};

}  // namespace

std::string shown(std::int64_t value) {
  constexpr std::size_t undivided = 4;
  const std::string plain = std::to_string(value);
  const std::size_t digits = plain.size() - (value < 0 ? 1 : 0);
  if (digits <= undivided) return plain;
  std::string text;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const std::size_t left = plain.size() - i;
    if (left % 3 == 0 && left < digits) text += ',';
    text += plain[i];
  }
  return text;
}

std::string shown(double value) {
  if (!std::isfinite(value)) return "–";
  constexpr int digits = 4;
  const double size = std::abs(rounded(value, digits));
  if (size == 0) return "0";
  if (size < 1e-4 || size >= 1e9) return fmt::format("{:.{}e}", value, digits - 1);
  if (size >= 1000) return shown(static_cast<std::int64_t>(std::llround(value)));
  return fmt::format("{:.{}f}", value, digits - 1 - static_cast<int>(std::floor(std::log10(size))));
}

std::string shown(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell.value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&cell.value)) return shown(*whole);
  if (const auto* real = std::get_if<double>(&cell.value)) return shown(*real);
  return "–";
}

std::string render(const Page& page) {
  // Contents and sections.
  Writer writer;
  std::string contents, body;
  for (std::size_t s = 0; s < page.sections.size(); ++s) {
    const auto& section = page.sections[s];
    const std::string id = anchor(s + 1, section.heading), heading = escaped(section.heading);
    contents += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", id, heading);
    body += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}", id, heading, paragraphs(section.text));
    body += "<div class=\"grid\">\n";
    for (const auto& block : section.blocks) body += std::visit(writer, block);
    body += "</div>\n</section>\n";
  }

  // The page forbids itself every request, so that it is the same with and without a network.
  std::string html;
  html += std::string(document_type) + "\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; ";
  html += "script-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n";
  html += "<script>document.documentElement.dataset.theme = {'#dark': 'dark', '#light': 'light'}[location.hash] || ";
  html += "(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');</script>\n";
  html +=
      fmt::format("<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n", escaped(page.title), assets::report_css);
  html += fmt::format("<header>\n<div><h1>{}</h1>\n", escaped(page.title));
  if (!page.subtitle.empty()) html += fmt::format("<p class=\"subtitle\">{}</p>\n", escaped(page.subtitle));
  html +=
      "</div>\n<button id=\"theme\" type=\"button\" title=\"Light or dark\" aria-label=\"Light or "
      "dark\"></button>\n</header>\n";
  html += "<div class=\"layout\">\n";
  if (page.sections.size() > 1) html += fmt::format("<nav aria-label=\"Contents\"><ol>\n{}</ol></nav>\n", contents);
  html += fmt::format(
      "<main>\n<noscript><p class=\"none\">The charts need JavaScript.</p></noscript>\n{}</main>\n</div>\n", body);
  if (!page.footer.empty()) html += fmt::format("<footer>{}</footer>\n", escaped(page.footer));
  html += "<script type=\"application/json\" id=\"charts\">" + writer.data() + "</script>\n";
  html += fmt::format("<script>\n{}\n</script>\n<script>\n{}</script>\n</body>\n</html>\n", assets::chart_js,
                      assets::report_js);
  return html;
}

void check_report(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return;
  std::string head(document_type.size(), '\0');
  if (!std::filesystem::is_regular_file(path) || !std::ifstream(path).read(head.data(), static_cast<std::streamsize>(head.size())) || head != document_type)
    fail("{}: is there, and is no report that another may replace; give another name for the report.", path.string());
}

void write_html(const Page& page, const std::filesystem::path& path) {
  check_report(path);
  const std::string html = render(page);
  const int problem = write_file(path.string(), html);
  if (problem == 0) return;
  fail(
      "The report cannot be written to '{}': {}. Choose a file in an existing folder with write permission and {} kB "
      "free.",
      path.string(), std::strerror(problem), html.size() / 1000 + 1);
}

}  // namespace proxon::report
