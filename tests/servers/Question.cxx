#include "Question.hxx"

#include <cctype>
#include <cstdlib>

namespace {

/** A FastCGI record; the contents are short here, so one byte of length would do. */
std::string Record(unsigned type, const std::string &content) {
    std::string record{1, static_cast<char>(type), 0, 1};
    record += static_cast<char>(content.size() >> 8);
    record += static_cast<char>(content.size() & 0xff);
    record.append(2, '\0');
    return record + content;
}

std::string Parameter(const std::string &name, const std::string &value) {
    std::string text;
    text += static_cast<char>(name.size());
    text += static_cast<char>(value.size());
    return text + name + value;
}

constexpr unsigned BEGIN_REQUEST = 1, END_REQUEST = 3, PARAMS = 4, STDIN = 5, STDOUT = 6;

/** The program answers, the connection is not kept. */
std::string FastCgiRequest(const std::string &script) {
    return Record(BEGIN_REQUEST, std::string{0, 1, 0, 0, 0, 0, 0, 0}) +
           Record(PARAMS, Parameter("REQUEST_METHOD", "GET") +
                              Parameter("SCRIPT_NAME", "/pid.php") +
                              Parameter("SCRIPT_FILENAME", script)) +
           Record(PARAMS, "") + Record(STDIN, "");
}

/** What the program wrote; empty where its end is missing. */
std::string FastCgiOutput(const std::string &reply) {
    constexpr size_t HEAD = 8;
    const auto byte = [&reply](size_t at) {
        return static_cast<size_t>(static_cast<unsigned char>(reply[at]));
    };
    std::string output;
    for (size_t at = 0; at + HEAD <= reply.size();) {
        const size_t length = byte(at + 4) << 8 | byte(at + 5);
        const size_t next = at + HEAD + length + byte(at + 6);
        if (next > reply.size())
            break;
        if (byte(at + 1) == STDOUT)
            output += reply.substr(at + HEAD, length);
        else if (byte(at + 1) == END_REQUEST)
            return output;
        at = next;
    }
    return {};
}

/** A body that is a number and the end of its line. */
std::optional<pid_t> NumberIn(const std::string &text) {
    const auto blank = text.find("\r\n\r\n");
    if (blank == std::string::npos)
        return {};
    const auto body = text.substr(blank + 4);
    const auto digits = body.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string::npos || body[digits] != '\n')
        return {};
    return static_cast<pid_t>(std::atol(body.c_str()));
}

} // namespace

std::string Question(const Server &server, const std::string &directory) {
    switch (server.asked) {
    case Asked::HTTP:
        // Of version 1.0, so that no server cuts its answer into chunks.
        return "GET " + std::string(server.path) +
               " HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    case Asked::FASTCGI:
        return FastCgiRequest(directory + "/pid.php");
    case Asked::DATAGRAM:
        break;
    }
    return "datagram";
}

std::optional<pid_t> AnsweredBy(const Server &server, const std::string &reply) {
    switch (server.asked) {
    case Asked::HTTP:
        if (!reply.starts_with("HTTP/1.0 200 ") && !reply.starts_with("HTTP/1.1 200 "))
            return {};
        return NumberIn(reply);
    case Asked::FASTCGI:
        return NumberIn(FastCgiOutput(reply));
    case Asked::DATAGRAM:
        break;
    }
    const auto pid = static_cast<pid_t>(std::atol(reply.c_str()));
    return pid > 0 ? std::optional(pid) : std::nullopt;
}
