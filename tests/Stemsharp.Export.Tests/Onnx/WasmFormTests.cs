using System.Runtime.InteropServices;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Rules;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Export.Onnx.Targets;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>The form of graphs for wasm: the portable one, node by node, of which no shape is known between inputs and outputs.</summary>
public class WasmFormTests
{
    private static readonly OnnxGraphOptions s_portable = new() { ScoreLimit = 4 << 20, Batch = 2 };

    [Theory]
    [MemberData(nameof(GpuFormTests.Models), MemberType = typeof(GpuFormTests))]
    public void It_is_the_portable_form_with_the_first_axis_open(string model)
    {
        foreach (OnnxPrecision precision in Enum.GetValues<OnnxPrecision>())
        {
            OnnxGraphOptions options = s_portable with { Precision = precision };
            GraphProto portable = Build(RepositoryFiles.Golden(model.Split('/')), options).Graph, open = Build(RepositoryFiles.Golden(model.Split('/')), options with { Form = OnnxForm.Wasm }).Graph;
            Assert.Equal(portable.Input, open.Input);
            Assert.Equal(portable.Output, open.Output);
            NodeProto[] keeps = [.. open.Node.Where(n => n.OpType == "Compress")];
            Assert.Equal(portable.Input.Select(i => i.Name), keeps.Select(k => k.Input[0]));

            Dictionary<string, TensorProto> stored = open.Initializer.ToDictionary(i => i.Name), before = portable.Initializer.ToDictionary(i => i.Name);
            Dictionary<string, ValueInfoProto> declared = open.ValueInfo.ToDictionary(v => v.Name), closed = portable.ValueInfo.ToDictionary(v => v.Name);
            Dictionary<string, string> given = keeps.ToDictionary(k => k.Output[0], k => k.Input[0]);
            HashSet<string> fromInputs = [.. given.Keys];
            foreach ((NodeProto was, NodeProto now) in portable.Node.Zip(open.Node.Where(n => n.OpType != "Compress"), (a, b) => (a, b)))
            {
                Assert.Equal((was.Name, was.OpType), (now.Name, now.OpType));
                Assert.Equal(was.Attribute, now.Attribute);
                Assert.Equal(was.Output, now.Output);
                bool opened = now.Input.Any(fromInputs.Contains);
                for (int i = 0; i < was.Input.Count; i++)
                {
                    if (opened && was.OpType == "Reshape" && i == 1)
                    {
                        long[] shape = Integers(stored[now.Input[i]]), full = Integers(before[was.Input[i]]);
                        Assert.Equal([-1, .. full[1..]], shape);
                    }
                    else if (before.TryGetValue(was.Input[i], out TensorProto? constant))
                    {
                        Assert.Equal(constant.RawData, stored[now.Input[i]].RawData);
                    }
                    else
                    {
                        Assert.Equal(was.Input[i], given.GetValueOrDefault(now.Input[i], now.Input[i]));
                    }
                }

                foreach (string output in now.Output.Where(closed.ContainsKey))
                {
                    long[] full = Dims(closed[output]);
                    Assert.Equal(opened ? [0, .. full[1..]] : full, Dims(declared[output]));
                }

                fromInputs.UnionWith(opened ? now.Output : []);
            }

            Assert.Equal(portable.Node.Count + keeps.Length, open.Node.Count);
            Assert.All(open.Initializer, i => Assert.Contains(open.Node, n => n.Input.Contains(i.Name)));
        }
    }

    [Fact]
    public void Its_target_takes_it_and_it_keeps_the_rules()
    {
        OnnxTarget target = OnnxTargets.Of("web-wasm");
        Assert.Equal((OnnxForm.Wasm, 4), (target.Form, target.AttentionLimit));
        ModelProto model = Build("synthetic:htdemucs", new OnnxGraphOptions { Form = target.Form, ScoreLimit = target.AttentionLimit << 20 });
        Assert.Empty(GraphRules.Check(model.Graph));
        TargetVerdict verdict = TargetVerdict.Of(model, target);
        Assert.Empty(verdict.Obstacles.Concat(verdict.Elsewhere));
        Assert.Equal("wasm", model.MetadataProps.Single(p => p.Key == "stemsharp.form").Value);
    }

    private static long[] Dims(ValueInfoProto value) => [.. value.Type.TensorType.Shape.Dim.Select(d => d.DimValue)];

    private static long[] Integers(TensorProto tensor) => [.. MemoryMarshal.Cast<byte, long>(tensor.RawData.Span)];

    private static ModelProto Build(string model, OnnxGraphOptions options) => OnnxModelBuilder.Build(FamilyTable.All.Open(model), options);
}
