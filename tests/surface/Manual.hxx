#pragma once

#include <set>
#include <string>
#include <vector>

/** What the manual page says, read from its mdoc(7) source. */
class Manual {
public:
    Manual();

    const std::string &Path() const { return path; }

    /** The whole source. */
    const std::string &Text() const { return text; }

    /** The lines of a section (`.Sh`), or of a subsection (`.Ss`) of that name. */
    std::string Section(const std::string &title) const;

    /** The heads of a section's entries: what stands behind each `.It`. */
    std::vector<std::string> Heads(const std::string &title) const;

    /** What the heads of a section's entries name by one of the macros: `.It Dv TERM , INT` names
     *  TERM and INT by Dv. Options (Fl) come with their dashes; heads without a macro name
     *  themselves. */
    std::set<std::string> Names(const std::string &title, const std::string &macro) const;

    /** The text from the entry of an option to the next one. */
    std::string Entry(const std::string &option) const;

private:
    std::string path, text;
};
