const http = require('http');

http.createServer((request, response) => response.end(`${process.pid}\n`)).listen(Number(process.argv[2]));
