// An API that separates songs one after the other:
//   curl --data-binary @song.wav http://localhost:5000/songs          → 202, {"id": "…", …}
//   curl http://localhost:5000/songs/ID                               → state, progress, stems
//   curl -o vocals.wav http://localhost:5000/songs/ID/stems/vocals
using Stemsharp;
using Stemsharp.Samples;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = 500 << 20);
builder.Services.AddStemsharp(options =>
{
    options.Separator = new SeparatorOptions { Model = builder.Configuration["Model"] ?? DemoModel.Name };
    options.Catalog = new ModelCatalogOptions { Embedded = [DemoModel.Embedded] };
});
builder.Services.AddHealthChecks().AddStemsharp();
builder.Services.AddSingleton<SongQueue>();
builder.Services.AddHostedService(services => services.GetRequiredService<SongQueue>());

WebApplication app = builder.Build();
app.MapHealthChecks("/health");
app.MapPost("/songs", async (HttpRequest request, SongQueue queue) =>
{
    Song song = await queue.AddAsync(request.BodyReader, request.HttpContext.RequestAborted);
    return Results.Accepted($"/songs/{song.Id}", song.View());
});
app.MapGet("/songs/{id}", (string id, SongQueue queue) => queue.Find(id) is { } song ? Results.Ok(song.View()) : Results.NotFound());
app.MapGet("/songs/{id}/stems/{stem}", (string id, string stem, SongQueue queue) =>
    queue.Find(id)?.Files.GetValueOrDefault(stem) is { } file ? Results.File(file, "audio/wav", $"{stem}.wav") : Results.NotFound());
app.Run();
