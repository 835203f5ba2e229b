Deno.serve({ port: Number(Deno.args[0]) }, () => new Response(`${Deno.pid}\n`));
