// A service that separates every file that is laid into a folder: StemsWorker --Inbox=FOLDER --Outbox=FOLDER [--Model=NAME]
using Stemsharp;
using Stemsharp.Samples;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddStemsharp(options =>
{
    options.Separator = new SeparatorOptions { Model = builder.Configuration["Model"] ?? DemoModel.Name };
    options.Catalog = new ModelCatalogOptions { Embedded = [DemoModel.Embedded] };
});
builder.Services.AddHostedService<InboxWorker>();
builder.Build().Run();
