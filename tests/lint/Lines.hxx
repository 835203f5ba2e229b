#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lint {

enum class Language : bool { CXX, MARKDOWN };

/** The numbers of the lines that have more than `columns` characters: in C++ those with a comment,
 *  for the code is formatted by a tool; in Markdown all but the rows of tables, which cannot be
 *  broken, and those of a single word, such as an address. */
std::vector<unsigned> FindWideLines(const std::string &text, std::size_t columns,
                                    Language language);

struct OldWord {
    std::string_view word, instead;
};

/** One line for each old word in the text, with the new one: "3: slot socket, now seat". Whole
 *  words, capital letters count, a blank in the word is any white space. */
std::vector<std::string> FindOldWords(const std::string &text, std::span<const OldWord> words);

} // namespace lint
