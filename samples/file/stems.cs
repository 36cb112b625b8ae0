#!/usr/bin/env dotnet
// A program in one file: dotnet run stems.cs SONG STEM OUTPUT
// Outside of this repository the next line is: #:package Stemsharp.DemoModel@*
#:project ../../src/Stemsharp.DemoModel/Stemsharp.DemoModel.csproj
#:property RestorePackagesWithLockFile=false
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false

using Stemsharp;

await using Separator separator = await DemoModel.OpenAsync();
SeparationResult result = await separator.SeparateAsync(args[0], new SeparationOptions { Stems = [args[1]] });
await result.SaveStemAsync(args[1], args[2]);
Console.WriteLine($"{args[1]}: {result.Summary.Info.Duration.TotalSeconds:F1} s in {result.Summary.Elapsed.TotalSeconds:F1} s");
